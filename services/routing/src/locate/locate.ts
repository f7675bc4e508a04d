import { isIP } from "node:net";
import { readUri, type Transport } from "@sipmesh/sip";
import { ResolveError, type Resolver, type ServiceRecord } from "@sipmesh/transport";
import { type Abilities, type Hop, type Located, notLocated } from "./hops.ts";
import { type Service, serviceName, servicesOf } from "./naptr.ts";
import { orderServers } from "./srv-order.ts";
import { defaultPort, type Wish, wishOf } from "./wish.ts";

export interface LocatorOptions {
  readonly resolver: Resolver;
  /** A whole number from 0 to `below` − 1. */
  readonly draw: (below: number) => number;
  readonly abilities: () => Abilities;
  /** Addresses for one URI at most. */
  readonly maxHops: number;
}

/** Locating SIP servers (RFC 3263): from a URI to the addresses to try, in order. */
export class Locator {
  readonly #options: LocatorOptions;

  constructor(options: LocatorOptions) {
    this.#options = options;
  }

  /**
   * Answers at once where no name must be asked for. Never rejects.
   * @param preferred tried first where the URI and the domain leave the transport open
   */
  locate(text: string, preferred: Transport | undefined): Located | Promise<Located> {
    const uri = readUri(text);
    if (uri?.kind !== "sip") return notLocated(416, "Unsupported URI Scheme");
    const wish = wishOf(uri);
    if (wish === undefined) return notLocated(503, "Unknown Transport");
    const usable = this.#usable(wish);
    if (usable.length === 0) {
      return wish.secure
        ? notLocated(416, "SIPS Is Not Served Here")
        : notLocated(503, "No Edge Speaks This Transport");
    }
    if (isIP(wish.host) !== 0) return this.#numeric(wish, usable);
    return this.#named(wish, usable, preferred).catch(unreachable);
  }

  /** The transports that the wish allows and that we speak, in the order of RFC 3263 section 4.1. */
  #usable(wish: Wish): Transport[] {
    const open: Transport[] = wish.secure ? ["tls"] : ["udp", "tcp", "tls"];
    const { transports } = this.#options.abilities();
    return (wish.transport === undefined ? open : [wish.transport]).filter((one) => transports.has(one));
  }

  #numeric(wish: Wish, usable: readonly Transport[]): Located {
    const transport = usable[0] as Transport;
    if (!this.#speaks(wish.host)) return notLocated(503, "No Edge Has an Address of This Family");
    return { hops: [hop(transport, wish.host, wish.port ?? defaultPort(transport), wish.host)] };
  }

  async #named(wish: Wish, usable: readonly Transport[], preferred: Transport | undefined): Promise<Located> {
    const first = usable[0] as Transport;
    if (wish.port !== undefined) return this.#addressesOf(wish.host, wish.port, first, wish.host);
    const services = await this.#services(wish, usable, preferred);
    const hops: Hop[] = [];
    for (const service of services) {
      if (hops.length >= this.#options.maxHops) break;
      hops.push(...(await this.#servers(service, wish.host)));
    }
    if (hops.length > 0) return { hops: hops.slice(0, this.#options.maxHops) };
    return this.#addressesOf(wish.host, defaultPort(first), first, wish.host);
  }

  async #services(wish: Wish, usable: readonly Transport[], preferred: Transport | undefined): Promise<Service[]> {
    if (wish.transport === undefined) {
      const named = servicesOf(await this.#options.resolver.naptr(wish.host), (one) => usable.includes(one));
      if (named.length > 0) return named;
    }
    const ordered =
      preferred !== undefined && usable.includes(preferred)
        ? [preferred, ...usable.filter((one) => one !== preferred)]
        : usable;
    return ordered.map((transport) => ({ transport, name: serviceName(transport, wish.host) }));
  }

  async #servers(service: Service, host: string): Promise<Hop[]> {
    const records = await this.#options.resolver.srv(service.name);
    const ordered = orderServers(records.filter(isOffered), this.#options.draw).slice(0, this.#options.maxHops);
    const found = await Promise.all(
      ordered.map((record) => this.#addressesOf(record.target, record.port, service.transport, host)),
    );
    return found.flatMap((located) => ("hops" in located ? located.hops : []));
  }

  async #addressesOf(name: string, port: number, transport: Transport, host: string): Promise<Located> {
    const { resolver, abilities, maxHops } = this.#options;
    const { families } = abilities();
    if (isIP(name) !== 0) return this.#speaks(name) ? { hops: [hop(transport, name, port, host)] } : { hops: [] };
    const [six, four] = await Promise.all([
      families.has(6) ? resolver.aaaa(name) : [],
      families.has(4) ? resolver.a(name) : [],
    ]);
    // IPv4 first: a peer that has both is reached by it from everywhere that our edges stand today.
    const hops = [...four, ...six].slice(0, maxHops).map((record) => hop(transport, record.address, port, host));
    return hops.length > 0 ? { hops } : notLocated(404, "No Such Host");
  }

  #speaks(address: string): boolean {
    return this.#options.abilities().families.has(isIP(address) as 4 | 6);
  }
}

function hop(transport: Transport, address: string, port: number, host: string): Hop {
  return { transport, address, port, host };
}

/** RFC 2782: a target of "." says that the service is not offered. */
function isOffered(record: ServiceRecord): boolean {
  return record.target !== "" && record.target !== ".";
}

function unreachable(error: unknown): Located {
  if (error instanceof ResolveError) return notLocated(503, "Name Service Away");
  throw error;
}
