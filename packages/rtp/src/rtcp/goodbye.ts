import { putUint32, uint32 } from "../bytes.ts";

/** RFC 3550 §6.6: sources leave. */
export interface Goodbye {
  readonly type: "goodbye";
  readonly sources: readonly number[];
  readonly reason?: Uint8Array;
}

/** SC sources of 4 octets, then optionally a length octet and the reason, padded with zeros. */
export function decodeGoodbye(body: Uint8Array, count: number): Goodbye | undefined {
  if (body.length < 4 * count) return undefined;
  const sources = Array.from({ length: count }, (_, index) => uint32(body, 4 * index));
  const length = body[4 * count];
  if (length === undefined) return { type: "goodbye", sources };
  const start = 4 * count + 1;
  if (start + length > body.length) return undefined;
  return { type: "goodbye", sources, reason: body.subarray(start, start + length) };
}

export function encodeGoodbye(goodbye: Goodbye): Uint8Array {
  const { sources, reason } = goodbye;
  const reasonSize = reason === undefined ? 0 : 4 * Math.ceil((1 + reason.length) / 4);
  const body = new Uint8Array(4 * sources.length + reasonSize);
  sources.forEach((source, index) => {
    putUint32(body, 4 * index, source);
  });
  if (reason !== undefined) {
    body[4 * sources.length] = reason.length;
    body.set(reason, 4 * sources.length + 1);
  }
  return body;
}
