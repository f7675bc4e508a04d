/** An A or AAAA record (RFC 1035, RFC 3596). */
export interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** RFC 2782. */
export interface ServiceRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** RFC 3403. */
export interface NamingRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  readonly replacement: string;
}

/**
 * The Domain Name System as RFC 3263 needs it. No such name and no such record both give an empty list; what could not be
 * asked within the time-out fails with `ResolveError`.
 */
export interface Resolver {
  a(name: string): Promise<readonly AddressRecord[]>;
  aaaa(name: string): Promise<readonly AddressRecord[]>;
  srv(name: string): Promise<readonly ServiceRecord[]>;
  naptr(name: string): Promise<readonly NamingRecord[]>;
}

/** A question to the name servers that got no usable answer. */
export class ResolveError extends Error {
  readonly code: "timeout" | "refused" | "server-failure";

  constructor(code: ResolveError["code"], question: string, cause: unknown) {
    super(`no answer to ${question}: ${code}`, { cause });
    this.name = "ResolveError";
    this.code = code;
  }
}
