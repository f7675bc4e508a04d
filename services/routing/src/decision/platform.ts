import type { Domain } from "@sipmesh/proto/directory";
import type { Address } from "@sipmesh/sip";
import { canonicalHost } from "./host.ts";

/** Where the platform can be reached: addresses (and names) without port, and the ports that its edges use. */
export interface OwnAddresses {
  readonly hosts: ReadonlySet<string>;
  readonly ports: ReadonlySet<number>;
}

/** What is ours: the domains, with their other names, and the addresses of the platform itself. */
export class Platform {
  readonly domains: readonly Domain[];
  readonly own: OwnAddresses;
  readonly #names: DomainNames;

  constructor(domains: readonly Domain[], own: OwnAddresses, names = new DomainNames(domains)) {
    this.domains = domains;
    this.own = own;
    this.#names = names;
  }

  /**
   * The same, where an edge was reached at this address: a request may come before word of the edge does, and the answer
   * that the address is none of ours would be final.
   */
  reachedAt(address: Address): Platform {
    const { hosts, ports } = this.own;
    if (hosts.has(address.address) && ports.has(address.port)) return this;
    const own = {
      hosts: new Set([...hosts, canonicalHost(address.address)]),
      ports: new Set([...ports, address.port]),
    };
    return new Platform(this.domains, own, this.#names);
  }

  /** The domain that a host means in an address (From, To), whatever the port. */
  domainOf(host: string): Domain | undefined {
    const name = canonicalHost(host);
    const { ofOwnAddresses } = this.#names;
    const known = this.#names.exactly(name);
    if (known !== undefined) return known;
    if (ofOwnAddresses !== undefined && this.own.hosts.has(name)) return ofOwnAddresses;
    return this.#names.bySuffix(name);
  }

  /**
   * The domain that a request to this host and port is for. One of our addresses with a port that no edge of ours has
   * is a neighbour on the same machine, and none of our business.
   */
  domainAt(host: string, port: number | undefined): Domain | undefined {
    if (!this.#isOwnPort(port) && this.own.hosts.has(canonicalHost(host))) return undefined;
    return this.domainOf(host);
  }

  /** Whether this is a place where one of our edges listens. */
  isEdge(host: string, port: number | undefined): boolean {
    return this.#isOwnPort(port) && this.own.hosts.has(canonicalHost(host));
  }

  /** As long as no edge has said where it listens, every port may be its. */
  #isOwnPort(port: number | undefined): boolean {
    return port === undefined || this.own.ports.size === 0 || this.own.ports.has(port);
  }

  /** The domain whose realm a caller is asked to prove itself in when no domain is named by the request. */
  get firstThatAuthenticates(): Domain | undefined {
    return this.domains.find((domain) => domain.authenticate);
  }
}

/** Domains by their names, made once for a list of them. */
class DomainNames {
  readonly ofOwnAddresses: Domain | undefined;
  readonly #byHost = new Map<string, Domain>();
  readonly #bySuffix: (readonly [suffix: string, domain: Domain])[] = [];

  constructor(domains: readonly Domain[]) {
    this.ofOwnAddresses = domains.find((domain) => domain.ownAddresses);
    for (const domain of domains) {
      for (const name of [domain.name, ...domain.aliases]) this.#add(name, domain);
    }
  }

  exactly(name: string): Domain | undefined {
    return this.#byHost.get(name);
  }

  bySuffix(name: string): Domain | undefined {
    return this.#bySuffix.find(([suffix]) => name.endsWith(suffix))?.[1];
  }

  #add(name: string, domain: Domain): void {
    if (name.startsWith("*.")) this.#bySuffix.push([canonicalHost(name.slice(1)), domain]);
    else if (!this.#byHost.has(canonicalHost(name))) this.#byHost.set(canonicalHost(name), domain);
  }
}

/** Whether callers whom nobody vouches for reach the users of a domain: by its policy, or because it asks nobody. */
export function admitsStrangers(domain: Domain): boolean {
  return domain.openToStrangers || !domain.authenticate;
}
