import type { WriteRecord } from "./record.ts";

/**
 * Collects writes and makes them durable together: those of one turn of the event loop share one commit, and each is
 * answered after it.
 */
export class CommitQueue {
  readonly #schedule: (run: () => void) => void;
  readonly #commit: (writes: readonly WriteRecord[]) => void;
  readonly #committed: (write: WriteRecord) => void;
  readonly #tell: (write: WriteRecord) => void;
  readonly #takenBack: (write: WriteRecord) => void;
  readonly #run = (): void => this.run();
  #waiting: WriteRecord[] = [];
  #settled: PromiseWithResolvers<void> | undefined;

  /**
   * @param schedule runs the commit when no more writes are expected to join it
   * @param commit makes all durable or throws and makes none so
   * @param committed called for each write, in order, before it is answered
   * @param tell called for each write, in order, when whoever made it has had its answer
   * @param takenBack called for each write that was not made durable, newest first
   */
  constructor(
    schedule: (run: () => void) => void,
    commit: (writes: readonly WriteRecord[]) => void,
    committed: (write: WriteRecord) => void,
    tell: (write: WriteRecord) => void,
    takenBack: (write: WriteRecord) => void,
  ) {
    this.#schedule = schedule;
    this.#commit = commit;
    this.#committed = committed;
    this.#tell = tell;
    this.#takenBack = takenBack;
  }

  /** The write's `answer` is called after the commit that it takes part in. */
  add(write: WriteRecord): void {
    this.#waiting.push(write);
    if (this.#waiting.length === 1) this.#schedule(this.#run);
  }

  /** Settles when the writes that wait now are durable or taken back; never rejects. */
  async settled(): Promise<void> {
    if (this.#waiting.length === 0) return;
    this.#settled ??= Promise.withResolvers<void>();
    await this.#settled.promise;
  }

  /** Commits what waits, now. */
  run(): void {
    const writes = this.#waiting;
    if (writes.length === 0) return;
    const settled = this.#settled;
    this.#waiting = [];
    this.#settled = undefined;
    try {
      this.#commit(writes);
    } catch (error) {
      for (const write of writes.toReversed()) this.#takenBack(write);
      for (const write of writes) answer(write, error);
      settled?.resolve();
      return;
    }
    for (const write of writes) {
      write.durable = true;
      write.replaced = undefined;
      this.#committed(write);
      answer(write, undefined);
    }
    queueMicrotask(() => {
      for (const write of writes) this.#tell(write);
    });
    settled?.resolve();
  }
}

function answer(write: WriteRecord, error: unknown): void {
  const told = write.answer;
  write.answer = undefined;
  told?.(error);
}
