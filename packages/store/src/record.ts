import type { Stored } from "./frame.ts";
import type { Change } from "./store.ts";

/** A write, as a bucket in this process keeps it. */
export interface WriteRecord extends Stored {
  /** What it replaced, for as long as it may have to be taken back. */
  replaced: WriteRecord | undefined;
  /** It survives kill −9 (or was never meant to). */
  durable: boolean;
  /** Who waits for it. @param error why it was taken back; undefined: it is durable */
  answer: ((error: unknown) => void) | undefined;
}

export function asChange({ key, value, revision }: WriteRecord): Change {
  return value === null ? { key, removed: true, revision } : { key, value, revision };
}
