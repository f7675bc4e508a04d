/** A folder cannot be used as a store. */
export class StoreFileError extends Error {
  override readonly name = "StoreFileError";
  readonly code = "store-file";
}
