import type { Domain } from "@sipmesh/proto/directory";
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
  readonly #byHost = new Map<string, Domain>();
  readonly #bySuffix: (readonly [suffix: string, domain: Domain])[] = [];
  readonly #ofOwnAddresses: Domain | undefined;

  constructor(domains: readonly Domain[], own: OwnAddresses) {
    this.domains = domains;
    this.own = own;
    this.#ofOwnAddresses = domains.find((domain) => domain.ownAddresses);
    for (const domain of domains) {
      for (const name of [domain.name, ...domain.aliases]) this.#add(name, domain);
    }
  }

  #add(name: string, domain: Domain): void {
    if (name.startsWith("*.")) this.#bySuffix.push([canonicalHost(name.slice(1)), domain]);
    else if (!this.#byHost.has(canonicalHost(name))) this.#byHost.set(canonicalHost(name), domain);
  }

  /** The domain that a host means in an address (From, To), whatever the port. */
  domainOf(host: string): Domain | undefined {
    const name = canonicalHost(host);
    const known = this.#byHost.get(name);
    if (known !== undefined) return known;
    if (this.#ofOwnAddresses !== undefined && this.own.hosts.has(name)) return this.#ofOwnAddresses;
    return this.#bySuffix.find(([suffix]) => name.endsWith(suffix))?.[1];
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

/** Whether callers whom nobody vouches for reach the users of a domain: by its policy, or because it asks nobody. */
export function admitsStrangers(domain: Domain): boolean {
  return domain.openToStrangers || !domain.authenticate;
}
