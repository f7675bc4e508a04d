import type { Entry } from "./entry.ts";

/** Where a response belongs: a branch of a response context. */
export interface ClientPlace {
  readonly entry: Entry;
  readonly branch: number;
}

/** The response contexts that live here, found by request and by response. Bounded by the number of contexts. */
export class Table {
  readonly #bound: number;
  readonly #servers = new Map<string, Entry>();
  readonly #clients = new Map<string, ClientPlace>();
  /** INVITEs without an offer that are still pending, by Call-ID and CSeq: what answers them is an answer. */
  readonly #withoutOffer = new Set<string>();

  constructor(bound: number) {
    this.#bound = bound;
  }

  get full(): boolean {
    return this.#servers.size >= this.#bound;
  }

  get servers(): number {
    return this.#servers.size;
  }

  get clients(): number {
    return this.#clients.size;
  }

  entries(): Iterable<Entry> {
    return this.#servers.values();
  }

  server(key: string): Entry | undefined {
    return this.#servers.get(key);
  }

  client(branch: string): ClientPlace | undefined {
    return this.#clients.get(branch);
  }

  add(entry: Entry): void {
    this.#servers.set(entry.key, entry);
    if (entry.withoutOffer !== "") this.#withoutOffer.add(entry.withoutOffer);
  }

  addClient(entry: Entry, branch: number, id: string): void {
    this.#clients.set(id, { entry, branch });
  }

  /** The INVITE that a PRACK speaks of offered nothing: then its callee did, and the PRACK answers. */
  askedForOffer(callId: string, cseq: number): boolean {
    return this.#withoutOffer.size > 0 && this.#withoutOffer.has(`${callId} ${cseq}`);
  }

  /** Without effect where it had been removed before. */
  remove(entry: Entry): void {
    if (this.#servers.get(entry.key) !== entry) return;
    this.#servers.delete(entry.key);
    for (const { id } of entry.context.branches) this.#clients.delete(id);
    if (entry.withoutOffer !== "") this.#withoutOffer.delete(entry.withoutOffer);
  }
}
