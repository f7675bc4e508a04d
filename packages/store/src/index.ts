export { fileStore } from "./file-store.ts";
export { memoryStore } from "./memory-store.ts";
export { type NatsStoreOptions, natsStore } from "./nats-store.ts";
export type {
  Bucket,
  BucketOptions,
  Change,
  Entry,
  Operation,
  Removal,
  Store,
  StoreObserver,
  Watch,
} from "./store.ts";
export { Conflict, StoreAway } from "./store.ts";
export { StoreFileError } from "./store-file-error.ts";
