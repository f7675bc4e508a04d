import type { Peer } from "./peer.ts";

/** Starts one of those that are compared. */
export type Start<P extends Peer> = () => Promise<P>;

/**
 * Measures each of several peers so many times, in turn, so that a noisy neighbour troubles all of them. Each is started
 * anew for each run.
 * @param tell what a run's result looks like to who waits
 * @returns the results of each peer
 */
export async function inTurn<P extends Peer, M>(
  name: string,
  runs: number,
  starts: readonly Start<P>[],
  load: (peer: P) => Promise<M>,
  tell: (result: M) => string,
): Promise<M[][]> {
  const results: M[][] = starts.map(() => []);
  for (let run = 1; run <= runs; run += 1) {
    for (const [side, start] of starts.entries()) {
      const peer = await start();
      try {
        const result = await load(peer);
        process.stderr.write(`${name} ${run}/${runs} ${peer.name}: ${tell(result)}\n`);
        results[side]?.push(result);
      } finally {
        await peer.stop();
      }
    }
  }
  return results;
}

/** The median of each peer's results. */
export function medians<M>(results: readonly (readonly M[])[], size: (result: M) => number): M[] {
  return results.map((runs) => {
    const median = runs.toSorted((a, b) => size(a) - size(b))[Math.floor(runs.length / 2)];
    if (median === undefined) throw new Error("--runs must be at least 1");
    return median;
  });
}
