import { checkBucketName } from "./bucket-name.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Journal } from "./journal.ts";
import { LocalBucket } from "./local-bucket.ts";
import { memoryStore } from "./memory-store.ts";
import { paced } from "./paced.ts";
import type { WriteRecord } from "./record.ts";
import { type Bucket, type BucketOptions, type Store, StoreAway, type StoreObserver } from "./store.ts";

/** Milliseconds between two commits, at least. */
const COMMIT_GAP = 2;

/**
 * A store in one file, for one process. All values are held in memory besides. Writes of one turn of the event loop
 * (under load: of 2 ms) share a transaction and are answered after it: what was answered survives kill −9.
 *
 * @throws StoreFileError where the file cannot be used
 */
export function sqliteStore(file: string, observer?: StoreObserver): Store {
  return new SqliteStore(file, observer);
}

class SqliteStore implements Store {
  readonly #journal: Journal;
  readonly #observer: StoreObserver | undefined;
  readonly #transient: Store;
  readonly #buckets = new Map<string, LocalBucket>();
  readonly #commits: CommitQueue;
  #revision = 0;
  #state: "connected" | "away" = "connected";
  #closed = false;

  constructor(file: string, observer: StoreObserver | undefined) {
    this.#observer = observer;
    this.#transient = memoryStore(observer);
    this.#journal = new Journal(file);
    this.#commits = new CommitQueue(
      paced(COMMIT_GAP),
      (writes) => this.#commit(writes),
      (write) => this.#bucket(write.bucket).committed(write),
      (write) => this.#bucket(write.bucket).takenBack(write),
    );
    this.#journal.replay((write) => {
      this.#revision = Math.max(this.#revision, write.revision);
      this.#bucket(write.bucket).restore(write);
    });
  }

  get state(): "connected" | "away" {
    return this.#closed ? "away" : this.#state;
  }

  async bucket(name: string, options?: BucketOptions): Promise<Bucket> {
    checkBucketName(name);
    if (this.#closed) throw new StoreAway(`the bucket "${name}" after the store was closed`);
    return options?.memory ? this.#transient.bucket(name) : this.#bucket(name);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commits.run();
    this.#closed = true;
    for (const bucket of this.#buckets.values()) bucket.close();
    await this.#transient.close();
    this.#journal.close();
  }

  #bucket(name: string): LocalBucket {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new LocalBucket(name, {
        commits: this.#commits,
        nextRevision: () => ++this.#revision,
        isClosed: () => this.#closed,
        observer: this.#observer,
      });
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  #commit(writes: readonly WriteRecord[]): void {
    let live = 0;
    for (const bucket of this.#buckets.values()) live += bucket.size;
    try {
      this.#journal.append(writes, live, (write) => this.#bucket(write.bucket).holds(write));
      this.#state = "connected";
    } catch (error) {
      this.#state = "away";
      throw error;
    }
  }
}
