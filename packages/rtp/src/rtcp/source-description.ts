import { putUint32, uint32 } from "../bytes.ts";

/** RFC 3550 §6.5: who a source is. */
export interface SourceDescription {
  readonly type: "source-description";
  readonly chunks: readonly SourceChunk[];
}

export interface SourceChunk {
  readonly ssrc: number;
  readonly items: readonly { readonly item: number; readonly value: Uint8Array }[];
}

/** RFC 3550 §6.5.1: the canonical end-point identifier, the one item that everybody sends. */
export const CNAME = 1;

/**
 * One chunk; chunks are padded with zero octets to a multiple of 4, at least one of which ends the items:
 *
 * ```
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |                          SSRC/CSRC_1                          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |    CNAME=1    |     length    | user and domain name        ...
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeSourceDescription(body: Uint8Array, count: number): SourceDescription | undefined {
  const chunks: SourceChunk[] = [];
  let at = 0;
  for (let left = count; left > 0; left--) {
    if (at + 4 > body.length) return undefined;
    const ssrc = uint32(body, at);
    const items: { item: number; value: Uint8Array }[] = [];
    at += 4;
    while (body[at] !== 0) {
      const item = body[at];
      const end = at + 2 + (body[at + 1] ?? 0);
      if (item === undefined || end > body.length) return undefined;
      items.push({ item, value: body.subarray(at + 2, end) });
      at = end;
    }
    at += 4 - (at % 4);
    chunks.push({ ssrc, items });
  }
  return { type: "source-description", chunks };
}

export function encodeSourceDescription(description: SourceDescription): Uint8Array {
  const parts: number[] = [];
  for (const { ssrc, items } of description.chunks) {
    const head = new Uint8Array(4);
    putUint32(head, 0, ssrc);
    parts.push(...head);
    for (const { item, value } of items) parts.push(item, Math.min(value.length, 255), ...value.subarray(0, 255));
    do parts.push(0);
    while (parts.length % 4 !== 0);
  }
  return Uint8Array.from(parts);
}
