import { checkBucketName } from "./bucket-name.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Journal } from "./journal.ts";
import { LocalBucket } from "./local-bucket.ts";
import { memoryStore } from "./memory-store.ts";
import type { WriteRecord } from "./record.ts";
import { type Bucket, type BucketOptions, type Store, StoreAway, type StoreObserver } from "./store.ts";

/**
 * A store in a folder, for one process. All values are held in memory besides. Writes of one turn of the event loop
 * share a commit and are answered after it: what was answered survives kill −9.
 *
 * @throws StoreFileError where the folder cannot be used
 */
export function fileStore(folder: string, observer?: StoreObserver): Store {
  return new FileStore(folder, observer);
}

class FileStore implements Store {
  readonly #journal: Journal;
  readonly #observer: StoreObserver | undefined;
  readonly #transient: Store;
  readonly #buckets = new Map<string, LocalBucket>();
  readonly #commits: CommitQueue;
  #revision = 0;
  #state: "connected" | "away" = "connected";
  #closed = false;

  constructor(folder: string, observer: StoreObserver | undefined) {
    this.#observer = observer;
    this.#transient = memoryStore(observer);
    this.#journal = new Journal(folder, {
      torn: (path, bytes) =>
        observer?.failed("journal", new Error(`the last ${bytes} bytes of ${path} are no whole commit`)),
      failed: (error) => observer?.failed("journal", error),
    });
    this.#commits = new CommitQueue(
      setImmediate,
      (writes) => this.#commit(writes),
      (write) => this.#bucket(write.bucket).committed(write),
      (write) => this.#bucket(write.bucket).tell(write),
      (write) => this.#bucket(write.bucket).takenBack(write),
    );
    this.#journal.replay((write) => {
      this.#revision = Math.max(this.#revision, write.revision);
      this.#bucket(write.bucket).restore({ ...write, replaced: undefined, durable: true, answer: undefined });
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
    await this.#journal.close();
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
      this.#journal.append(writes, live, ({ bucket, key, revision }) => this.#bucket(bucket).holds(key, revision));
      this.#state = "connected";
    } catch (error) {
      this.#state = "away";
      throw error;
    }
  }
}
