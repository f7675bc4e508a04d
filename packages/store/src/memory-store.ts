import { checkBucketName } from "./bucket-name.ts";
import { CommitQueue } from "./commit-queue.ts";
import { LocalBucket } from "./local-bucket.ts";
import { type Bucket, type Store, StoreAway, type StoreObserver } from "./store.ts";

/** A store that lives and dies with its process. */
export function memoryStore(observer?: StoreObserver): Store {
  const buckets = new Map<string, LocalBucket>();
  let revision = 0;
  let closed = false;
  const commits = new CommitQueue(
    queueMicrotask,
    () => {},
    (write) => buckets.get(write.bucket)?.committed(write),
    (write) => buckets.get(write.bucket)?.tell(write),
    (write) => buckets.get(write.bucket)?.takenBack(write),
  );

  return {
    async bucket(name): Promise<Bucket> {
      checkBucketName(name);
      if (closed) throw new StoreAway(`the bucket "${name}" after the store was closed`);
      let bucket = buckets.get(name);
      if (bucket === undefined) {
        bucket = new LocalBucket(name, {
          commits,
          nextRevision: () => ++revision,
          isClosed: () => closed,
          observer,
        });
        buckets.set(name, bucket);
      }
      return bucket;
    },
    get state(): "connected" | "away" {
      return closed ? "away" : "connected";
    },
    async close() {
      commits.run();
      closed = true;
      for (const bucket of buckets.values()) bucket.close();
    },
  };
}
