import type { Change } from "./store.ts";

/** A write, as a bucket in this process keeps it and as the journal writes it down. */
export interface WriteRecord {
  readonly bucket: string;
  readonly key: string;
  /** null: removed */
  readonly value: Uint8Array | null;
  readonly revision: number;
  /** What it replaced, for as long as it may have to be taken back. */
  replaced: WriteRecord | undefined;
  /** It survives kill −9 (or was never meant to). */
  durable: boolean;
}

export function asChange({ key, value, revision }: WriteRecord): Change {
  return value === null ? { key, removed: true, revision } : { key, value, revision };
}
