import { createCipheriv, createDecipheriv } from "node:crypto";
import { derive, type Ring, type RingKey } from "./keys.ts";
import { RecentlyUsed } from "./recently-used.ts";
import type { Sealer } from "./sealer.ts";
import { SipHash } from "./siphash.ts";

const CIPHER = "aes-256-gcm";
const NONCE = 12;
const TAG = 16;
/** Key id, nonce, tag. */
const OVERHEAD = 1 + NONCE + TAG;
/** No token of ours is longer; a stranger's is not decoded. */
const LONGEST_TOKEN = 1024;
/** Tokens whose content is remembered: each request of a dialog brings the same one. */
const REMEMBERED = 4096;
const BASE_32 = "abcdefghijklmnopqrstuvwxyz234567";

interface SealingKey {
  readonly id: number;
  readonly from: number;
  readonly cipher: Uint8Array;
  readonly nonce: SipHash;
}

/**
 * Seals with the latest key of a ring that is in force, opens with any. AES-256-GCM (NIST SP 800-38D) under a nonce
 * that is a keyed hash of content and binding, so that the same content gives the same token and no nonce is used for
 * two contents.
 */
export class RingSealer implements Sealer {
  readonly #now: () => number;
  readonly #opened = new RecentlyUsed<Uint8Array>(REMEMBERED);
  readonly #mark: SipHash;
  readonly #trace: SipHash;
  #keys: readonly SealingKey[] = [];

  /** @param now milliseconds since the epoch */
  constructor(ring: Ring, now: () => number) {
    const first = ring[0];
    if (first === undefined) throw new RangeError("a key ring has one key at least");
    this.#now = now;
    this.#mark = new SipHash(derive(first, "mark", 16));
    this.#trace = new SipHash(derive(first, "trace", 16));
    this.use(ring);
  }

  /** Takes a ring that has the same first key and more or fewer of the others. */
  use(ring: Ring): void {
    this.#keys = ring.map(sealingKey);
  }

  seal(content: Uint8Array, bound: string): string {
    const key = this.#sealingKey();
    const nonce = syntheticNonce(key, content, bound);
    const cipher = createCipheriv(CIPHER, key.cipher, nonce, { authTagLength: TAG });
    cipher.setAAD(Buffer.from(bound, "latin1"));
    const sealed = Buffer.allocUnsafe(OVERHEAD + content.length);
    sealed[0] = key.id;
    sealed.set(nonce, 1);
    sealed.set(cipher.update(content), 1 + NONCE);
    cipher.final();
    sealed.set(cipher.getAuthTag(), 1 + NONCE + content.length);
    const token = sealed.toString("base64url");
    // Who sealed it is mostly who opens it next: the ACK of a call follows its INVITE.
    this.#opened.set(`${token} ${bound}`, content);
    return token;
  }

  open(token: string, bound: string): Uint8Array | undefined {
    if (token.length > LONGEST_TOKEN) return undefined;
    const name = `${token} ${bound}`;
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const content = this.#open(token, bound);
    if (content !== undefined) this.#opened.set(name, content);
    return content;
  }

  mark(text: string): string {
    const [low, high] = this.#mark.hash64(text) as unknown as [number, number];
    let mark = "";
    for (let shift = 0; shift < 30; shift += 5) mark += BASE_32[(low >>> shift) & 31];
    mark += BASE_32[((low >>> 30) | (high << 2)) & 31];
    for (let shift = 3; shift < 32; shift += 5) mark += BASE_32[(high >>> shift) & 31];
    return mark;
  }

  traceId(text: string): string {
    const words = this.#trace.hash128(text);
    let id = "";
    for (let at = 0; at < 4; at++) id += ((words[at] as number) >>> 0).toString(16).padStart(8, "0");
    return id;
  }

  #open(token: string, bound: string): Uint8Array | undefined {
    const sealed = Buffer.from(token, "base64url");
    // Node.js reads over what is no base64url: one token must not have two spellings.
    if (sealed.length < OVERHEAD || sealed.toString("base64url") !== token) return undefined;
    const key = this.#keys.find(({ id }) => id === sealed[0]);
    if (key === undefined) return undefined;
    const decipher = createDecipheriv(CIPHER, key.cipher, sealed.subarray(1, 1 + NONCE), { authTagLength: TAG });
    decipher.setAAD(Buffer.from(bound, "latin1"));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    const content = decipher.update(sealed.subarray(1 + NONCE, sealed.length - TAG));
    try {
      decipher.final();
    } catch {
      // The tag does not fit: forged, altered, or bound to something else.
      return undefined;
    }
    return new Uint8Array(content);
  }

  #sealingKey(): SealingKey {
    const now = this.#now();
    return this.#keys.findLast(({ from }) => from <= now) ?? (this.#keys[0] as SealingKey);
  }
}

function sealingKey(key: RingKey): SealingKey {
  return {
    id: key.id,
    from: key.from,
    cipher: derive(key, "seal", 32),
    nonce: new SipHash(derive(key, "nonce", 16)),
  };
}

function syntheticNonce(key: SealingKey, content: Uint8Array, bound: string): Buffer {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1");
  const words = key.nonce.hash128(`${text.length} ${text}${bound}`);
  const nonce = Buffer.allocUnsafe(NONCE);
  for (let at = 0; at < NONCE / 4; at++) nonce.writeInt32LE(words[at] as number, 4 * at);
  return nonce;
}
