/** Writes a latin1 string into bytes at a position; returns the number of bytes written. */
export type EncodeInto = (text: string, into: Uint8Array, at: number) => number;

/** Makes room for that many bytes, whatever they hold: `Buffer.allocUnsafe`. */
export type Allocate = (length: number) => Uint8Array;

const allocateZeroed: Allocate = (length) => new Uint8Array(length);

/**
 * A message as it goes over the wire: head, empty line, body. Every byte of what `allocate` gives is written; an
 * allocator with a pool is several times faster than the built-in one.
 */
export const toBytes = (
  head: string,
  body: Uint8Array,
  encodeInto: EncodeInto,
  allocate: Allocate = allocateZeroed,
): Uint8Array => {
  const bodyStart = head.length + 2;
  const bytes = allocate(bodyStart + body.length);
  encodeInto(head, bytes, 0);
  bytes[bodyStart - 2] = 13;
  bytes[bodyStart - 1] = 10;
  if (body.length > 0) bytes.set(body, bodyStart);
  return bytes;
};
