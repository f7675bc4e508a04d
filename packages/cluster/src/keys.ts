import { hkdfSync } from "node:crypto";

/** One key of the ring, as it is kept. */
export interface RingKey {
  /** 0 to 255: the first byte of a token. */
  readonly id: number;
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** Milliseconds since the epoch from which on it seals: by then every member has it. */
  readonly from: number;
}

/** The keys, oldest first; never empty. The first one makes marks, trace ids and owners, and stays. */
export type Ring = readonly RingKey[];

/** A ring keeps its first key and the latest ones, this many in all. */
const LIMIT = 16;

/** The ring with one more key. Tokens of the keys that were there can still be opened. */
export function withKey(ring: Ring, secret: Uint8Array, from: number): Ring {
  const used = new Set(ring.map(({ id }) => id));
  let id = ((ring.at(-1)?.id ?? -1) + 1) % 256;
  while (used.has(id)) id = (id + 1) % 256;
  const keys = [...ring, { id, secret, from }];
  return [...keys.slice(0, 1), ...keys.slice(1).slice(1 - LIMIT)];
}

/** Bytes for one purpose, from the secret of a key (RFC 5869). */
export function derive(key: RingKey, purpose: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key.secret, "sipmesh", purpose, length));
}

export function encodeRing(ring: Ring): Uint8Array {
  const keys = ring.map(({ id, secret, from }) => ({ id, secret: Buffer.from(secret).toString("base64"), from }));
  return Buffer.from(JSON.stringify({ keys }));
}

/** @throws Error where it is no ring */
export function decodeRing(bytes: Uint8Array): Ring {
  const { keys } = JSON.parse(Buffer.from(bytes).toString()) as {
    keys: { id: number; secret: string; from: number }[];
  };
  const ring = keys.map(({ id, secret, from }) => ({
    id,
    secret: new Uint8Array(Buffer.from(secret, "base64")),
    from,
  }));
  if (ring.length === 0 || ring.some(({ id, secret }) => !(id >= 0 && id <= 255) || secret.length !== 32)) {
    throw new Error("the key ring in the store is damaged");
  }
  return ring;
}
