import { randomBytes } from "node:crypto";
import type { Clock } from "@sipmesh/environment";
import { decodeRing, derive, encodeRing, type Ring, withKey } from "./keys.ts";
import type { Register } from "./register.ts";
import { RingSealer } from "./ring-sealer.ts";
import type { Sealer } from "./sealer.ts";
import { SipHash } from "./siphash.ts";

const KEY = "ring";
/** Milliseconds until a new key seals: the others must have heard of it. */
const IN_FORCE_AFTER = 30_000;
const ATTEMPTS = 10;

/** The keys that the members of a platform share, kept in its store. */
export interface KeyRing {
  readonly sealer: Sealer;
  /** For `Rendezvous`: the same on every member. */
  readonly ownerHash: SipHash;
  /** Adds a key, which seals from half a minute on. Tokens of older keys can still be opened. */
  rotate(): Promise<void>;
  close(): void;
}

/**
 * Takes the ring from the store, or makes it where there is none.
 *
 * @throws what the store throws while it is away
 */
export async function openKeyRing(register: Register, clock: Clock, random = randomBytes): Promise<KeyRing> {
  let ring = await readOrCreate(register, random);
  const sealer = new RingSealer(ring, () => clock.now());
  const first = ring[0];
  if (first === undefined) throw new Error("the key ring in the store is empty");
  const watch = await register.watch((change) => {
    if (change.key !== KEY || !("value" in change)) return;
    const changed = decodeRing(change.value);
    // Another first key would be another platform's: what we sealed and own would be lost.
    if (changed[0]?.id !== first.id || Buffer.compare(changed[0].secret, first.secret) !== 0) return;
    ring = changed;
    sealer.use(ring);
  });
  return {
    sealer,
    ownerHash: new SipHash(derive(first, "owner", 16)),
    async rotate() {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const present = await register.get(KEY);
        const next = withKey(
          present === undefined ? ring : decodeRing(present.value),
          random(32),
          clock.now() + IN_FORCE_AFTER,
        );
        try {
          if (present === undefined) await register.create(KEY, encodeRing(next));
          else await register.update(KEY, encodeRing(next), present.revision);
          return;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
      throw new Error("the key ring could not be rotated: others keep changing it");
    },
    close: () => watch.close(),
  };
}

async function readOrCreate(register: Register, random: (bytes: number) => Uint8Array): Promise<Ring> {
  for (;;) {
    const present = await register.get(KEY);
    if (present !== undefined) return decodeRing(present.value);
    const ring = withKey([], random(32), 0);
    try {
      await register.create(KEY, encodeRing(ring));
      return ring;
    } catch (error) {
      // Another member was first: take its ring.
      if (!isConflict(error)) throw error;
    }
  }
}

export function isConflict(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === "store-conflict";
}
