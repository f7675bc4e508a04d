import type { Clock, Timer } from "@sipmesh/environment";
import type { Context } from "@sipmesh/runtime";
import type { Binding } from "@sipmesh/sip-core";
import { type Bucket, Conflict, type Entry, StoreAway, type Watch } from "@sipmesh/store";
import type { Counter } from "@sipmesh/telemetry";
import { type Held, RecordIndex } from "./index-of-records.ts";
import { decodeBindings, encodeBindings, readSummary, UnreadableRecord } from "./record.ts";

export interface RecordsOptions {
  readonly store: Context["store"];
  readonly clock: Clock;
  readonly bucket: string;
  /** Milliseconds that a write may take while servers of the store elect a leader. */
  readonly electionPatience: number;
  /** Addresses of record whose bindings are kept in memory at most. */
  readonly cacheSize: number;
  readonly log: Context["telemetry"]["log"];
  readonly reads: Counter;
  readonly unreadable: Counter;
}

/** Milliseconds until the bucket is tried again where the store is away at the start. */
const OPEN_RETRY = 500;
const NONE: Held = { bindings: [], revision: 0 };

/** The bindings in the store, with what memory has of them. */
export class Records {
  readonly index: RecordIndex;
  readonly #options: RecordsOptions;
  #bucket: Bucket | undefined;
  #watch: Watch | undefined;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: RecordsOptions) {
    this.#options = options;
    this.index = new RecordIndex(options.cacheSize);
  }

  /** Whether everything that is stored has been heard of once. */
  get opened(): boolean {
    return this.#watch !== undefined;
  }

  /** Resolves after the first try; where the store is away, it is tried again until it works or `close` is called. */
  async open(): Promise<void> {
    const { store, bucket: name, clock, electionPatience, log } = this.#options;
    try {
      const bucket = await store.bucket(name, { electionPatience });
      this.#bucket = bucket;
      const watch = await bucket.watch((change) => {
        if ("removed" in change) this.index.forget(change.key, change.revision);
        else this.#heard(change);
      });
      if (this.#closed) watch.close();
      else this.#watch = watch;
    } catch (error) {
      if (this.#closed) return;
      log.warn({ error }, "The store of the bindings cannot be opened; it is tried again.");
      this.#retry = clock.after(OPEN_RETRY, () => void this.open());
    }
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#watch?.close();
  }

  /** What memory has: good where a compare-and-set follows, or where it has bindings. */
  recall(key: string): Held | undefined {
    try {
      return this.index.get(key);
    } catch {
      // Unreadable in memory is unreadable in the store: reading there counts and tells it.
      return undefined;
    }
  }

  /** What the store's leader has. Revision 0: no record. @throws StoreAway */
  async read(key: string): Promise<Held> {
    this.#options.reads.add();
    const entry = await this.#opened().get(key);
    if (entry === undefined) return NONE;
    const bindings = this.#decode(key, entry.value);
    this.index.learn(key, bindings, entry.revision);
    return { bindings, revision: entry.revision };
  }

  /**
   * Writes where the record is still what was held: survives kill −9 once it resolves. Rejects with Conflict or
   * StoreAway.
   */
  write(key: string, bindings: readonly Binding[], held: Held): Promise<void> {
    const bucket = this.#opened();
    if (bindings.length === 0) {
      if (held.revision === 0) return Promise.resolve();
      return bucket.remove(key, held.revision).then(() => this.index.forget(key, held.revision));
    }
    const value = encodeBindings(bindings);
    const written = held.revision === 0 ? bucket.create(key, value) : bucket.update(key, value, held.revision);
    return written.then((revision) => this.index.learn(key, bindings, revision));
  }

  /** Removes a record that has expired, unless somebody renewed it meanwhile. */
  async sweep(key: string, revision: number): Promise<boolean> {
    try {
      await this.#opened().remove(key, revision);
      this.index.forget(key, revision);
      return true;
    } catch (error) {
      if (error instanceof Conflict || error instanceof StoreAway) return false;
      throw error;
    }
  }

  #opened(): Bucket {
    if (this.#bucket === undefined) throw new StoreAway("the bindings have not been opened yet");
    return this.#bucket;
  }

  #heard(entry: Entry): void {
    const { key, revision } = entry;
    // Our own write, mostly.
    if (this.index.knows(key, revision)) return;
    const { value } = entry;
    try {
      this.index.heard(key, readSummary(value), value, revision);
    } catch (error) {
      this.#unreadable(key, error);
    }
  }

  /** A record of another make is as good as none: the phone's next REGISTER replaces it. */
  #decode(key: string, value: Uint8Array): Binding[] {
    try {
      return decodeBindings(value);
    } catch (error) {
      this.#unreadable(key, error);
      return [];
    }
  }

  #unreadable(key: string, error: unknown): void {
    if (!(error instanceof UnreadableRecord)) throw error;
    this.#options.unreadable.add();
    this.#options.log.error({ key, error: error.message }, "A record of bindings cannot be read.");
  }
}
