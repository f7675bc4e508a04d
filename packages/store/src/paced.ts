/**
 * Gives the function that runs a commit: at the end of this turn of the event loop, but no sooner than `gap`
 * milliseconds after the former one. Where little is written nothing waits; under load a commit, whose cost hardly
 * depends on its size, is shared by more writes.
 */
export function paced(gap: number): (run: () => void) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (run) => {
    const wait = last + gap - performance.now();
    const commit = (): void => {
      last = performance.now();
      run();
    };
    if (wait > 0) setTimeout(commit, wait);
    else setImmediate(commit);
  };
}
