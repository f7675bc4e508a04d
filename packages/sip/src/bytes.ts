/** Writes a latin1 string into bytes at a position; returns the number of bytes written. */
export type EncodeInto = (text: string, into: Uint8Array, at: number) => number;

/** A message as it goes over the wire: head, empty line, body. */
export const toBytes = (head: string, body: Uint8Array, encodeInto: EncodeInto): Uint8Array => {
  const bodyStart = head.length + 2;
  const bytes = new Uint8Array(bodyStart + body.length);
  encodeInto(head, bytes, 0);
  bytes[bodyStart - 2] = 13;
  bytes[bodyStart - 1] = 10;
  if (body.length > 0) bytes.set(body, bodyStart);
  return bytes;
};
