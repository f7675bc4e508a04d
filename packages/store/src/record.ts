import type { Stored } from "./frame.ts";
import type { Change, Entry } from "./store.ts";

/** A write, as a bucket in this process keeps it. */
export interface WriteRecord extends Stored {
  /** What it replaced, for as long as it may have to be taken back. */
  replaced: WriteRecord | undefined;
  /** It survives kill −9 (or was never meant to). */
  durable: boolean;
  /** Who waits for it. @param error why it was taken back; undefined: it is durable */
  answer: ((error: unknown) => void) | undefined;
}

/** A write as it is told. Most are told to whom made them: the value is made when it is asked for. */
class Told implements Entry {
  readonly key: string;
  readonly revision: number;
  readonly #value: string;

  constructor(key: string, revision: number, value: string) {
    this.key = key;
    this.revision = revision;
    this.#value = value;
  }

  get value(): Uint8Array {
    const bytes = new Uint8Array(this.#value.length);
    Buffer.from(bytes.buffer).write(this.#value, "latin1");
    return bytes;
  }
}

/** Not of a removal. */
export function asEntry({ key, revision, value }: WriteRecord): Entry {
  return new Told(key, revision, value ?? "");
}

export function asChange(record: WriteRecord): Change {
  const { key, value, revision } = record;
  return value === null ? { key, removed: true, revision } : asEntry(record);
}

export function textOf(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
}
