import type { Binding } from "@sipmesh/sip-core";
import { decodeBindings, type Summary, summaryOf } from "./record.ts";

/** What memory has of an address of record. */
interface Known {
  revision: number;
  contacts: number;
  latestExpiry: number;
  /** Of a hot one: its bindings, or the bytes to read them from when they are next wanted. */
  bindings: readonly Binding[] | undefined;
  value: Uint8Array | undefined;
  hot: boolean;
  /** Used since it was last passed over: it gets a second chance before it goes cold. */
  used: boolean;
}

/** Bindings, and the revision of the record that they were read from. */
export interface Held {
  readonly bindings: readonly Binding[];
  readonly revision: number;
}

/**
 * Every address of record that has a record, with when it expires; and the bindings of as many as there is room for, rather
 * those that are used: the hot ones. It follows the store's changes, so it can be behind: it may be believed where it has
 * bindings, never where it has none.
 */
export class RecordIndex {
  readonly #known = new Map<string, Known>();
  /** In a ring: what is not used between two passes of the hand goes cold. */
  readonly #hot: Known[] = [];
  #hand = 0;
  readonly #cacheSize: number;
  #contacts = 0;
  #scan: IterableIterator<[string, Known]> | undefined;

  constructor(cacheSize: number) {
    this.#cacheSize = cacheSize;
  }

  get size(): number {
    return this.#known.size;
  }

  get hot(): number {
    return this.#hot.length;
  }

  /** Contacts of all records, those that have expired and were not swept yet included. */
  get contacts(): number {
    return this.#contacts;
  }

  has(key: string): boolean {
    return this.#known.has(key);
  }

  /** Whether that write is the last one that was heard of. */
  knows(key: string, revision: number): boolean {
    return this.#known.get(key)?.revision === revision;
  }

  /** The bindings of a hot one. @throws UnreadableRecord */
  get(key: string): Held | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    if (known.bindings === undefined) {
      if (known.value === undefined) return undefined;
      known.bindings = decodeBindings(known.value);
      known.value = undefined;
    }
    known.used = true;
    return { bindings: known.bindings, revision: known.revision };
  }

  /** Takes over what was read or written here. What is older than what is known changes nothing. */
  learn(key: string, bindings: readonly Binding[], revision: number): void {
    const known = this.#place(key, summaryOf(bindings), revision);
    if (known === undefined) return;
    if (!known.hot && !this.#heat(known)) return;
    known.bindings = bindings;
    known.value = undefined;
    known.used = true;
  }

  /** Takes over what the store says was written, here or elsewhere. */
  heard(key: string, summary: Summary, value: Uint8Array, revision: number): void {
    if (this.knows(key, revision)) return;
    const known = this.#place(key, summary, revision);
    if (known === undefined) return;
    // While there is room: a phone that was never called from here is found, too, while the store elects a leader.
    if (!known.hot && this.#hot.length < this.#cacheSize) this.#heat(known);
    known.bindings = undefined;
    known.value = known.hot ? value : undefined;
  }

  /** The record is gone. @param revision of the removal, or of what was removed: what is newer stays */
  forget(key: string, revision: number): void {
    const known = this.#known.get(key);
    if (known === undefined || known.revision > revision) return;
    this.#contacts -= known.contacts;
    this.#known.delete(key);
    known.bindings = undefined;
    known.value = undefined;
    known.used = false;
  }

  /** The next `count` records of an endless round that had expired at that time: those to sweep. */
  expired(now: number, count: number): { key: string; revision: number }[] {
    const found: { key: string; revision: number }[] = [];
    this.#scan ??= this.#known.entries();
    for (let i = 0; i < count; i++) {
      const next = this.#scan.next();
      if (next.done) {
        this.#scan = undefined;
        break;
      }
      const [key, { latestExpiry, revision }] = next.value;
      if (latestExpiry <= now) found.push({ key, revision });
    }
    return found;
  }

  /** Makes room among the hot ones by the second-chance rule. False: nothing may be hot. */
  #heat(known: Known): boolean {
    if (this.#cacheSize === 0) return false;
    known.hot = true;
    if (this.#hot.length < this.#cacheSize) {
      this.#hot.push(known);
      return true;
    }
    for (;;) {
      this.#hand = (this.#hand + 1) % this.#hot.length;
      const other = this.#hot[this.#hand] as Known;
      if (other.used) {
        other.used = false;
        continue;
      }
      other.hot = false;
      other.bindings = undefined;
      other.value = undefined;
      this.#hot[this.#hand] = known;
      return true;
    }
  }

  #place(key: string, summary: Summary, revision: number): Known | undefined {
    const known = this.#known.get(key);
    if (known === undefined) {
      const fresh: Known = {
        revision,
        contacts: summary.contacts,
        latestExpiry: summary.latestExpiry,
        bindings: undefined,
        value: undefined,
        hot: false,
        used: false,
      };
      this.#known.set(key, fresh);
      this.#contacts += summary.contacts;
      return fresh;
    }
    if (known.revision > revision) return undefined;
    this.#contacts += summary.contacts - known.contacts;
    known.revision = revision;
    known.contacts = summary.contacts;
    known.latestExpiry = summary.latestExpiry;
    return known;
  }
}
