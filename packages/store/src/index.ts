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
