import { crc32 } from "node:zlib";

/*
 * A commit as the journal holds it:
 *
 *    0            4            8
 *   +------------+------------+-----------
 *   | length     | CRC-32     | records …          both numbers: of the records, little-endian
 *   +------------+------------+-----------
 *
 * and each of its records:
 *
 *    0            6            10            14              15
 *   +------------+------------+-------------+---------------+----------+-------+---------
 *   | revision   | key length | value length | bucket length | bucket … | key … | value …
 *   +------------+------------+-------------+---------------+----------+-------+---------
 *
 * Lengths in bytes. The value length of a removal is REMOVED.
 */
const FRAME_HEAD = 8;
const RECORD_HEAD = 15;
const REMOVED = 0xffff_ffff;
/** What a frame's buffer holds at first, and what it is cut back to after a large commit. */
const USUAL = 256 * 1024;

/** A write as the journal holds it. */
export interface Stored {
  readonly bucket: string;
  readonly key: string;
  /** A character for each byte: a string costs the garbage collector far less than an array. null: removed */
  readonly value: string | null;
  readonly revision: number;
}

/** Puts the records of one commit into bytes, one commit after the other. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(USUAL);
  #end = FRAME_HEAD;

  add({ bucket, key, value, revision }: Stored): void {
    // No character takes more than three bytes of UTF-8 for each UTF-16 unit.
    this.#reserve(RECORD_HEAD + bucket.length + 3 * key.length + (value?.length ?? 0));
    const bytes = this.#bytes;
    const head = this.#end;
    bytes.write(bucket, head + RECORD_HEAD, "latin1");
    const keyAt = head + RECORD_HEAD + bucket.length;
    const keyLength = bytes.write(key, keyAt, "utf8");
    bytes.writeUIntLE(revision, head, 6);
    bytes.writeUInt32LE(keyLength, head + 6);
    bytes.writeUInt32LE(value === null ? REMOVED : value.length, head + 10);
    bytes[head + 14] = bucket.length;
    this.#end = keyAt + keyLength;
    if (value === null) return;
    this.#end += bytes.write(value, this.#end, "latin1");
  }

  /** The bytes of the commit: good until the next `add`. */
  end(): Uint8Array {
    const end = this.#end;
    const bytes = this.#bytes;
    bytes.writeUInt32LE(end - FRAME_HEAD, 0);
    bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_HEAD, end)), 4);
    this.clear();
    return bytes.subarray(0, end);
  }

  /** Forgets what was added since the last commit. */
  clear(): void {
    this.#end = FRAME_HEAD;
    if (this.#bytes.length > USUAL) this.#bytes = Buffer.allocUnsafeSlow(USUAL);
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.#end + more));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}

/** Where the last whole commit ends: what follows was being written when the machine or the process went down. */
export function wholeCommits(bytes: Buffer): number {
  let at = 0;
  while (at + FRAME_HEAD <= bytes.length) {
    const end = at + FRAME_HEAD + bytes.readUInt32LE(at);
    if (end > bytes.length || crc32(bytes.subarray(at + FRAME_HEAD, end)) !== bytes.readUInt32LE(at + 4)) break;
    at = end;
  }
  return at;
}

/** The records of whole commits, in the order in which they were written. */
export function* recordsOf(bytes: Buffer): Generator<Stored, void, void> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + FRAME_HEAD + bytes.readUInt32LE(at);
    for (at += FRAME_HEAD; at < end; ) {
      const keyLength = bytes.readUInt32LE(at + 6);
      const valueLength = bytes.readUInt32LE(at + 10);
      const bucketAt = at + RECORD_HEAD;
      const keyAt = bucketAt + (bytes[at + 14] as number);
      const valueAt = keyAt + keyLength;
      const removed = valueLength === REMOVED;
      yield {
        bucket: bytes.toString("latin1", bucketAt, keyAt),
        key: bytes.toString("utf8", keyAt, valueAt),
        value: removed ? null : bytes.toString("latin1", valueAt, valueAt + valueLength),
        revision: bytes.readUIntLE(at, 6),
      };
      at = removed ? valueAt : valueAt + valueLength;
    }
  }
}
