/** A value and the number of the write that made it. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Grows with every write to the bucket; never 0. */
  readonly revision: number;
}

/** A key that is gone, and the number of the write that removed it. */
export interface Removal {
  readonly key: string;
  readonly removed: true;
  readonly revision: number;
}

export type Change = Entry | Removal;

/** What ends a watch. Closing twice is harmless. */
export interface Watch {
  close(): void;
}

/**
 * Keys and values with compare-and-set. Every promise settles within the store's deadline: with `StoreAway` where the
 * store could not be reached. After `StoreAway` a write may have happened or not; compare-and-set tells which.
 */
export interface Bucket {
  readonly name: string;
  /** Reads what was last written anywhere: never stale. */
  get(key: string): Promise<Entry | undefined>;
  /** Writes whatever is there. Resolves with the revision once the value survives kill −9. */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Writes where there is no value. @throws Conflict */
  create(key: string, value: Uint8Array): Promise<number>;
  /** Writes where the value's revision is still `revision`. @throws Conflict */
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  /** Removes the value, if `revision` is given only where it is still that one. @throws Conflict */
  remove(key: string, revision?: number): Promise<void>;
  /** The values whose keys start with `prefix`, in no order. What changes meanwhile may or may not be in it. */
  entries(prefix?: string): AsyncIterable<Entry>;
  /**
   * Calls `on` for each value that is there, then for each change, for each key in order. Resolves once what was there
   * has been told. After the store was away it resumes by itself: nothing that holds then stays untold, removals
   * included; what came and went meanwhile may be left out, and what was told may be told again.
   */
  watch(on: (change: Change) => void): Promise<Watch>;
}

/** What a bucket must survive. */
export interface BucketOptions {
  /** The values need not outlive the store's own process. */
  readonly memory?: boolean;
  /**
   * Milliseconds that a write may take where several servers keep the values: they elect a leader when theirs has died.
   * Absent: no longer than any call.
   */
  readonly electionPatience?: number;
}

/** Where buckets are. */
export interface Store {
  /** The bucket of that name ([a-z0-9-]), made where it is missing. The same name gives the same bucket. @throws StoreAway */
  bucket(name: string, options?: BucketOptions): Promise<Bucket>;
  readonly state: "connected" | "away";
  /** Finishes what is under way; every later call fails with StoreAway. */
  close(): Promise<void>;
}

/** Somebody else wrote first: read again and decide anew. */
export class Conflict extends Error {
  override readonly name = "Conflict";
  readonly code = "store-conflict";
  readonly key: string;

  constructor(bucket: string, key: string) {
    super(`The value of "${key}" in the bucket "${bucket}" is not the expected one any more.`);
    this.key = key;
  }
}

/** The store could not be reached in time. */
export class StoreAway extends Error {
  override readonly name = "StoreAway";
  readonly code = "store-away";

  constructor(what: string, cause?: unknown) {
    super(`The store does not answer: ${what}.`, cause === undefined ? undefined : { cause });
  }
}

/** What a store tells its metrics. Absent: nobody counts. */
export interface StoreObserver {
  /** A call that ended, and how long it took in milliseconds. */
  answered(operation: Operation, outcome: "ok" | "conflict" | "away" | "failed", milliseconds: number): void;
  /** A watcher that threw, a watch that had to start again, or a journal that lost its end or could not be cleaned. */
  failed(where: "watcher" | "watch" | "journal", error: unknown): void;
}

export type Operation = "get" | "put" | "create" | "update" | "remove" | "entries" | "watch";
