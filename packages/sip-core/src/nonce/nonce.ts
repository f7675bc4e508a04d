import type { Sealer } from "../proxy/sealer.ts";

/** What a digest nonce says, sealed: any member can read it, nobody else can make it. */
export interface NonceContent {
  /** The directory member and incarnation that made it, and that alone counts how often it is used. */
  readonly maker: string;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
  /** The maker's count of nonces: 1, 2, … */
  readonly serial: number;
}

export type NonceFinding =
  /** Made here: `NonceCounter` decides. */
  | { readonly kind: "own"; readonly content: NonceContent }
  /** Made by another member: that one is asked; where it is gone, the nonce is stale. */
  | { readonly kind: "other"; readonly maker: string; readonly content: NonceContent }
  /** Ours once, or nobody's: a new one is offered with stale=true where the password was right. */
  | { readonly kind: "stale" };

/** A nonce for one realm. */
export function sealNonce(content: NonceContent, realm: string, sealer: Sealer): string {
  const { maker, madeAt, serial } = content;
  const bytes = new Uint8Array(12 + maker.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(madeAt / 0x1_0000_0000));
  view.setUint32(2, madeAt >>> 0);
  view.setUint16(6, Math.floor(serial / 0x1_0000_0000));
  view.setUint32(8, serial >>> 0);
  for (let i = 0; i < maker.length; i++) bytes[12 + i] = maker.charCodeAt(i);
  return sealer.seal(bytes, boundTo(realm));
}

/** `self`: the member that asks. `lifetime`: milliseconds for which a nonce is good. */
export function readNonce(
  nonce: string,
  realm: string,
  at: { readonly self: string; readonly now: number; readonly lifetime: number },
  sealer: Sealer,
): NonceFinding {
  const bytes = sealer.open(nonce, boundTo(realm));
  if (bytes === undefined || bytes.length < 12) return { kind: "stale" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const content: NonceContent = {
    maker: textOf(bytes, 12),
    madeAt: view.getUint16(0) * 0x1_0000_0000 + view.getUint32(2),
    serial: view.getUint16(6) * 0x1_0000_0000 + view.getUint32(8),
  };
  if (content.madeAt + at.lifetime <= at.now) return { kind: "stale" };
  return content.maker === at.self ? { kind: "own", content } : { kind: "other", maker: content.maker, content };
}

function textOf(bytes: Uint8Array, from: number): string {
  let text = "";
  for (let i = from; i < bytes.length; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

function boundTo(realm: string): string {
  return `nonce\n${realm}`;
}
