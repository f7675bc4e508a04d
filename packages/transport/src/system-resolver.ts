import { Resolver as NodeResolver } from "node:dns/promises";
import { hostsFile } from "./hosts.ts";
import { type AddressRecord, ResolveError, type Resolver } from "./resolver.ts";

/** Milliseconds for the first try of each name server, doubled for the next. */
const TIMEOUT = 1000;
const TRIES = 2;
/** Milliseconds for one question, all tries together: a caller waits that long patiently. */
const DEADLINE = 5000;
/** Seconds that an answer of the hosts file is good for. */
const HOSTS_TTL = 60;

/** No such name, no such record, or a name that cannot be one. */
const NOTHING = new Set(["ENOTFOUND", "ENODATA", "EBADNAME"]);

function failure(question: string, error: unknown): ResolveError {
  if (error instanceof ResolveError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ETIMEOUT" || code === "ECANCELLED") return new ResolveError("timeout", question, error);
  if (code === "ECONNREFUSED" || code === "EREFUSED") return new ResolveError("refused", question, error);
  return new ResolveError("server-failure", question, error);
}

async function ask<T>(question: string, asked: Promise<T[]>): Promise<T[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ResolveError("timeout", question, undefined)), DEADLINE);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    if (NOTHING.has((error as NodeJS.ErrnoException).code ?? "")) return [];
    throw failure(question, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Where the resolver asks, if not where the system does. */
export interface ResolverOptions {
  /** "address:port" each; absent: those of the system. */
  readonly servers?: readonly string[];
  /** Absent: /etc/hosts. */
  readonly hosts?: string;
}

/** For addresses the hosts file first, then the name servers, asked with time-outs. Names are taken as absolute. */
export function systemResolver(options: ResolverOptions = {}): Resolver {
  const resolver = new NodeResolver({ timeout: TIMEOUT, tries: TRIES });
  if (options.servers !== undefined) resolver.setServers(options.servers);
  const inHostsFile = hostsFile(options.hosts ?? "/etc/hosts");

  async function addresses(name: string, family: 4 | 6): Promise<AddressRecord[]> {
    const known = inHostsFile(name, family);
    if (known.length > 0) return known.map((address) => ({ address, ttl: HOSTS_TTL }));
    return family === 4
      ? ask(`A ${name}`, resolver.resolve4(name, { ttl: true }))
      : ask(`AAAA ${name}`, resolver.resolve6(name, { ttl: true }));
  }

  return {
    a: (name) => addresses(name, 4),
    aaaa: (name) => addresses(name, 6),
    srv: async (name) =>
      (await ask(`SRV ${name}`, resolver.resolveSrv(name))).map(({ priority, weight, port, name: target }) => ({
        priority,
        weight,
        port,
        target,
      })),
    naptr: (name) => ask(`NAPTR ${name}`, resolver.resolveNaptr(name)),
  };
}
