import type { WriteRecord } from "./record.ts";

/**
 * Collects writes and makes them durable together: those of one turn of the event loop share one commit, and each is
 * answered after it.
 */
export class CommitQueue {
  readonly #schedule: (run: () => void) => void;
  readonly #commit: (writes: readonly WriteRecord[]) => void;
  readonly #committed: (write: WriteRecord) => void;
  readonly #takenBack: (write: WriteRecord) => void;
  #waiting: WriteRecord[] = [];
  #answer: PromiseWithResolvers<void> | undefined;

  /**
   * @param schedule runs the commit when no more writes are expected to join it
   * @param commit makes all durable or throws and makes none so
   * @param committed called for each write, in order, before it is answered
   * @param takenBack called for each write that was not made durable, newest first
   */
  constructor(
    schedule: (run: () => void) => void,
    commit: (writes: readonly WriteRecord[]) => void,
    committed: (write: WriteRecord) => void,
    takenBack: (write: WriteRecord) => void,
  ) {
    this.#schedule = schedule;
    this.#commit = commit;
    this.#committed = committed;
    this.#takenBack = takenBack;
  }

  /** Settles with the commit that the write takes part in. */
  add(write: WriteRecord): Promise<void> {
    this.#waiting.push(write);
    if (this.#answer === undefined) {
      this.#answer = Promise.withResolvers<void>();
      this.#schedule(() => this.run());
    }
    return this.#answer.promise;
  }

  /** Settles when the writes that wait now are durable or taken back; never rejects. */
  async settled(): Promise<void> {
    await this.#answer?.promise.catch(() => {});
  }

  /** Commits what waits, now. */
  run(): void {
    const answer = this.#answer;
    if (answer === undefined) return;
    const writes = this.#waiting;
    this.#waiting = [];
    this.#answer = undefined;
    try {
      this.#commit(writes);
    } catch (error) {
      for (const write of writes.toReversed()) this.#takenBack(write);
      answer.reject(error);
      return;
    }
    for (const write of writes) {
      write.durable = true;
      write.replaced = undefined;
      this.#committed(write);
    }
    answer.resolve();
  }
}
