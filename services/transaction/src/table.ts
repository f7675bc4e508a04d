import type { Entry } from "./entry.ts";
import { type Hashed, HashTable } from "./hash-table.ts";

/** Where a response belongs: a branch of a response context. */
export class ClientPlace implements Hashed {
  /** The branch parameter of our Via. */
  readonly key: string;
  readonly entry: Entry;
  readonly branch: number;
  hash = 0;
  next: Hashed | undefined;

  constructor(key: string, entry: Entry, branch: number) {
    this.key = key;
    this.entry = entry;
    this.branch = branch;
  }
}

/** The response contexts that live here, found by request and by response. Bounded by the number of contexts. */
export class Table {
  readonly #bound: number;
  readonly #servers: HashTable<Entry>;
  readonly #clients: HashTable<ClientPlace>;
  /** INVITEs without an offer that are still pending, by Call-ID and CSeq: what answers them is an answer. */
  readonly #withoutOffer = new Set<string>();

  /** `seed`: a number that strangers do not know. */
  constructor(bound: number, seed: number) {
    this.#bound = bound;
    this.#servers = new HashTable(seed);
    this.#clients = new HashTable(seed);
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
    this.#servers.add(entry);
    if (entry.withoutOffer !== "") this.#withoutOffer.add(entry.withoutOffer);
  }

  addClient(entry: Entry, branch: number, id: string): void {
    // Two requests of one peer under one branch: the responses belong to the later one.
    const former = this.#clients.get(id);
    if (former !== undefined) this.#clients.remove(former);
    this.#clients.add(new ClientPlace(id, entry, branch));
  }

  /** The INVITE that a PRACK speaks of offered nothing: then its callee did, and the PRACK answers. */
  askedForOffer(callId: string, cseq: number): boolean {
    return this.#withoutOffer.size > 0 && this.#withoutOffer.has(`${callId} ${cseq}`);
  }

  /** Without effect where it had been removed before. */
  remove(entry: Entry): void {
    if (!this.#servers.remove(entry)) return;
    for (const { id } of entry.context.branches) {
      const place = this.#clients.get(id);
      if (place?.entry === entry) this.#clients.remove(place);
    }
    if (entry.withoutOffer !== "") this.#withoutOffer.delete(entry.withoutOffer);
  }
}
