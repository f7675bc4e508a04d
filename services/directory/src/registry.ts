import { hash } from "@sipmesh/environment";
import type { Domain } from "@sipmesh/proto/directory";
import type { DirectoryConfig, DomainConfig } from "./config.ts";

/** Hashes of `user:realm:password` (RFC 7616 section 3.4.2): all that is kept of a password. */
export interface Ha1 {
  readonly md5: string | undefined;
  readonly sha256: string | undefined;
}

export interface Subscriber {
  readonly domain: string;
  readonly user: string;
  readonly numbers: readonly string[];
  readonly ha1: Ha1;
}

/** Who exists: domains and subscribers, by name, alias, number, and realm. */
export interface Registry {
  readonly domains: readonly Domain[];
  readonly subscribers: number;
  byUser(domain: string, user: string): Subscriber | undefined;
  byNumber(number: string): Subscriber | undefined;
  /** By the user name of digest credentials. */
  byRealm(realm: string, user: string): Subscriber | undefined;
}

/** Reads the configuration once; its passwords are hashed and not kept. */
export function registryFrom(config: DirectoryConfig): Registry {
  const byUser = new Map<string, Map<string, Subscriber>>();
  const byRealm = new Map<string, Map<string, Subscriber>>();
  const byNumber = new Map<string, Subscriber>();
  const explicit = config.domains.some((domain) => domain.ownAddresses !== undefined);
  const domains = config.domains.map((domain, index) =>
    domainFrom(domain, domain.ownAddresses ?? (!explicit && index === 0)),
  );
  let count = 0;
  for (const [index, { name, realm }] of domains.entries()) {
    const users = new Map<string, Subscriber>();
    const accounts = new Map<string, Subscriber>();
    for (const one of config.domains[index]?.subscribers ?? []) {
      const subscriber = { domain: name, user: one.user, numbers: one.numbers, ha1: ha1From(one, realm) };
      accounts.set(one.user, subscriber);
      for (const user of [one.user, ...one.aliases]) users.set(user, subscriber);
      for (const number of one.numbers) byNumber.set(number, subscriber);
      count++;
    }
    byUser.set(name, users);
    byRealm.set(realm, accounts);
  }
  return {
    domains,
    subscribers: count,
    byUser: (domain, user) => byUser.get(domain)?.get(user),
    byNumber: (number) => byNumber.get(number),
    byRealm: (realm, user) => byRealm.get(realm)?.get(user),
  };
}

function domainFrom(config: DomainConfig, ownAddresses: boolean): Domain {
  const { name, aliases, authenticate, algorithms, openToStrangers, anyUser, thirdPartyRegistration } = config;
  return {
    name,
    realm: config.realm ?? name,
    aliases,
    ownAddresses,
    authenticate,
    algorithms,
    openToStrangers,
    anyUser,
    thirdPartyRegistration,
  };
}

function ha1From(config: DomainConfig["subscribers"][number], realm: string): Ha1 {
  if (config.password === undefined) return { md5: config.ha1?.md5, sha256: config.ha1?.sha256 };
  // Phones hash the UTF-8 bytes (RFC 7616 section 4).
  const account = new TextEncoder().encode(`${config.user}:${realm}:${config.password}`);
  return { md5: hash.md5Hex(account), sha256: hash.sha256Hex(account) };
}
