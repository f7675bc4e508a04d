import type { CommitQueue } from "./commit-queue.ts";
import { asChange, asEntry, textOf, type WriteRecord } from "./record.ts";
import {
  type Bucket,
  type Change,
  Conflict,
  type Entry,
  type Operation,
  StoreAway,
  type StoreObserver,
  type Watch,
} from "./store.ts";
import { Watchers } from "./watchers.ts";

/** What a bucket in this process needs of its store. */
export interface LocalBucketOptions {
  readonly commits: CommitQueue;
  readonly nextRevision: () => number;
  readonly isClosed: () => boolean;
  readonly observer: StoreObserver | undefined;
}

/** A bucket that one process alone holds: read from memory, written through its store's commits. */
export class LocalBucket implements Bucket {
  readonly name: string;
  readonly #options: LocalBucketOptions;
  readonly #records = new Map<string, WriteRecord>();
  readonly #watchers: Watchers;

  constructor(name: string, options: LocalBucketOptions) {
    this.name = name;
    this.#options = options;
    this.#watchers = new Watchers(options.observer);
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#alive("get");
    let record = this.#records.get(key);
    if (record !== undefined && !record.durable) {
      // Somebody may act upon what is read: it must not be taken back afterwards.
      await this.#options.commits.settled();
      record = this.#records.get(key);
    }
    this.#answered("get", "ok");
    return record === undefined || record.value === null ? undefined : asEntry(record);
  }

  put(key: string, value: Uint8Array): Promise<number> {
    return this.#writeIf(true, "put", key, value);
  }

  create(key: string, value: Uint8Array): Promise<number> {
    return this.#writeIf(this.#present(key) === undefined, "create", key, value);
  }

  update(key: string, value: Uint8Array, revision: number): Promise<number> {
    return this.#writeIf(this.#present(key)?.revision === revision, "update", key, value);
  }

  async remove(key: string, revision?: number): Promise<void> {
    const present = this.#present(key);
    const refusal = this.#refusal(revision === undefined || present?.revision === revision, "remove", key);
    if (refusal !== undefined) throw refusal;
    if (present !== undefined) await this.#write("remove", key, null);
  }

  async *entries(prefix = ""): AsyncIterable<Entry> {
    this.#alive("entries");
    await this.#options.commits.settled();
    for (const record of [...this.#records.values()]) {
      if (record.durable && record.value !== null && record.key.startsWith(prefix)) yield asEntry(record);
    }
    this.#answered("entries", "ok");
  }

  async watch(on: (change: Change) => void): Promise<Watch> {
    this.#alive("watch");
    await this.#options.commits.settled();
    const present = [...this.#records.values()].filter(({ durable, value }) => durable && value !== null);
    this.#answered("watch", "ok");
    return this.#watchers.add(on, present.map(asChange));
  }

  /** Takes over what was durable before. */
  restore(record: WriteRecord): void {
    if (record.value === null) this.#records.delete(record.key);
    else this.#records.set(record.key, record);
  }

  /** Whether that write is what the bucket holds for the key now. */
  holds(key: string, revision: number): boolean {
    return this.#records.get(key)?.revision === revision;
  }

  committed(record: WriteRecord): void {
    if (record.value === null && this.holds(record.key, record.revision)) this.#records.delete(record.key);
  }

  tell(record: WriteRecord): void {
    this.#watchers.tell(asChange(record));
  }

  takenBack(record: WriteRecord): void {
    if (record.replaced === undefined) this.#records.delete(record.key);
    else this.#records.set(record.key, record.replaced);
    // A watcher that came in between was not told what was there before.
    if (record.replaced?.durable) this.tell(record.replaced);
  }

  get size(): number {
    return this.#records.size;
  }

  close(): void {
    this.#watchers.clear();
  }

  /** What is there, written down or about to be. */
  #present(key: string): WriteRecord | undefined {
    const record = this.#records.get(key);
    return record === undefined || record.value === null ? undefined : record;
  }

  #writeIf(expected: boolean, operation: Operation, key: string, value: Uint8Array): Promise<number> {
    const refusal = this.#refusal(expected, operation, key);
    return refusal === undefined ? this.#write(operation, key, textOf(value)) : Promise.reject(refusal);
  }

  #write(operation: Operation, key: string, value: string | null): Promise<number> {
    return new Promise((resolve, reject) => {
      const { commits, nextRevision } = this.#options;
      const revision = nextRevision();
      const replaced = this.#records.get(key);
      const record: WriteRecord = {
        bucket: this.name,
        // Not a new text for each write: that one may hold on to the message that it is a part of.
        key: replaced?.key ?? key,
        value,
        revision,
        replaced,
        durable: false,
        answer: (error) => {
          this.#answered(operation, error === undefined ? "ok" : "away");
          if (error === undefined) resolve(revision);
          else reject(new StoreAway(`${operation} "${key}" in "${this.name}"`, error));
        },
      };
      this.#records.set(key, record);
      commits.add(record);
    });
  }

  #refusal(expected: boolean, operation: Operation, key: string): StoreAway | Conflict | undefined {
    if (this.#options.isClosed()) return this.#away(operation);
    if (expected) return undefined;
    this.#answered(operation, "conflict");
    return new Conflict(this.name, key);
  }

  #alive(operation: Operation): void {
    if (this.#options.isClosed()) throw this.#away(operation);
  }

  #away(operation: Operation): StoreAway {
    this.#answered(operation, "away");
    return new StoreAway(`${operation} in "${this.name}" after the store was closed`);
  }

  #answered(operation: Operation, outcome: "ok" | "conflict" | "away"): void {
    this.#options.observer?.answered(operation, outcome, 0);
  }
}
