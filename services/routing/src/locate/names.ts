import type { Clock } from "@sipmesh/environment";
import type { AddressRecord, NamingRecord, Resolver, ServiceRecord } from "@sipmesh/transport";
import { AnswerCache } from "../answer-cache.ts";

export interface NamesOptions {
  /** Answers kept at most. */
  readonly cacheSize: number;
  /** Seconds that an answer is kept at most; also of records whose time to live the system does not tell. */
  readonly maxTtl: number;
  /** Seconds that "no such name" is kept. */
  readonly negativeTtl: number;
}

type Records = readonly (AddressRecord | ServiceRecord | NamingRecord)[];

/** The Domain Name System with a memory. */
export class Names implements Resolver {
  readonly #resolver: Resolver;
  readonly #options: NamesOptions;
  readonly #cache: AnswerCache<Records>;

  constructor(resolver: Resolver, clock: Clock, options: NamesOptions) {
    this.#resolver = resolver;
    this.#options = options;
    this.#cache = new AnswerCache(clock, options.cacheSize);
  }

  get size(): number {
    return this.#cache.size;
  }

  a(name: string): Promise<readonly AddressRecord[]> {
    return this.#remember(`a ${name}`, () => this.#resolver.a(name), leastTtl);
  }

  aaaa(name: string): Promise<readonly AddressRecord[]> {
    return this.#remember(`aaaa ${name}`, () => this.#resolver.aaaa(name), leastTtl);
  }

  srv(name: string): Promise<readonly ServiceRecord[]> {
    return this.#remember(`srv ${name}`, () => this.#resolver.srv(name), noTtl);
  }

  naptr(name: string): Promise<readonly NamingRecord[]> {
    return this.#remember(`naptr ${name}`, () => this.#resolver.naptr(name), noTtl);
  }

  #remember<T extends Records>(key: string, ask: () => Promise<T>, ttl: (records: T) => number): Promise<T> {
    const seconds = (records: Records): number =>
      records.length === 0 ? this.#options.negativeTtl : Math.min(this.#options.maxTtl, ttl(records as T));
    return this.#cache.get(key, ask, (records) => seconds(records) * 1000) as Promise<T>;
  }
}

function leastTtl(records: readonly AddressRecord[]): number {
  return Math.min(...records.map((record) => record.ttl));
}

/** Node.js tells no time to live of these: as long as the configuration allows, a minute at most. */
function noTtl(): number {
  return 60;
}
