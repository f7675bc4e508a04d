import { BlockList, isIPv6 } from "node:net";
import { MediaPolicy } from "@sipmesh/proto/routing";
import type { RouteConfig, RoutingConfig, TrunkConfig } from "../config.ts";

/** How a request is forwarded. */
export interface Policy {
  readonly media: MediaPolicy;
  readonly recordRoute: boolean;
  /** Seconds. */
  readonly ringTime: number;
}

interface PolicyConfig {
  readonly media?: "always" | "nat" | "never" | undefined;
  readonly recordRoute?: boolean | undefined;
  readonly ringTime?: number | undefined;
}

export interface NextHopUri {
  readonly uri: string;
  /** 0 to 1000. */
  readonly q: number;
}

/** A peer that is trusted: requests from its networks are not challenged. */
export interface Trunk {
  readonly name: string;
  readonly to: readonly NextHopUri[];
  readonly rewriteHost: boolean;
  readonly policy: Policy;
}

export type Action =
  | { readonly type: "forward"; readonly to: readonly NextHopUri[]; readonly rewriteHost: boolean }
  | { readonly type: "redirect"; readonly status: number; readonly contacts: readonly NextHopUri[] }
  | { readonly type: "reject"; readonly status: number; readonly reason: string };

/** A static route: what must match, and what becomes of a request that does. */
export interface StaticRoute {
  readonly name: string;
  readonly match: RouteConfig["match"];
  readonly fallback: boolean;
  readonly strangers: boolean;
  readonly action: Action;
  readonly strip: number;
  readonly prefix: string;
  readonly policy: Policy;
}

/** The dial plan: everything of the configuration that decides about a request, ready to be asked. */
export interface Plan {
  readonly routes: readonly StaticRoute[];
  readonly maxTargets: number;
  policyOf(domain: string): Policy & { readonly redirect: boolean };
  /** The trunk that the source address belongs to. */
  trunkAt(address: string): Trunk | undefined;
}

const MEDIA = {
  always: MediaPolicy.MEDIA_POLICY_ALWAYS,
  nat: MediaPolicy.MEDIA_POLICY_NAT,
  never: MediaPolicy.MEDIA_POLICY_NEVER,
} as const;

/** Makes the plan from a configuration that the schema has checked. */
export function planFrom(config: RoutingConfig): Plan {
  const standard = { ...policyFrom(config, undefined), redirect: false };
  const domains = new Map(
    Object.entries(config.domains).map(([name, one]) => [
      name,
      { ...policyFrom(one, standard), redirect: one.redirect },
    ]),
  );
  const trunks = config.trunks.map((one) => ({ trunk: trunkFrom(one, standard), sources: sourcesOf(one) }));
  const byName = new Map(trunks.map(({ trunk }) => [trunk.name, trunk]));
  return {
    routes: config.routes.map((one) => routeFrom(one, byName, standard)),
    maxTargets: config.maxTargets,
    policyOf: (domain) => domains.get(domain) ?? standard,
    trunkAt(address) {
      if (trunks.length === 0) return undefined;
      const family = isIPv6(address) ? "ipv6" : "ipv4";
      return trunks.find(({ sources }) => sources.check(address, family))?.trunk;
    },
  };
}

function policyFrom(own: PolicyConfig, standard: Policy | undefined): Policy {
  return {
    media: own.media === undefined ? (standard?.media ?? MediaPolicy.MEDIA_POLICY_ALWAYS) : MEDIA[own.media],
    recordRoute: own.recordRoute ?? standard?.recordRoute ?? true,
    ringTime: own.ringTime ?? standard?.ringTime ?? 120,
  };
}

function trunkFrom(config: TrunkConfig, standard: Policy): Trunk {
  return {
    name: config.name,
    to: hopsFrom(config.to),
    rewriteHost: config.rewriteHost,
    policy: policyFrom(config, standard),
  };
}

function sourcesOf(config: TrunkConfig): BlockList {
  const list = new BlockList();
  for (const source of config.sources) {
    const [address = "", bits] = source.split("/");
    const family = isIPv6(address) ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function routeFrom(config: RouteConfig, trunks: ReadonlyMap<string, Trunk>, standard: Policy): StaticRoute {
  const trunk = config.trunk === undefined ? undefined : trunks.get(config.trunk);
  return {
    name: config.name,
    match: config.match,
    fallback: config.fallback,
    strangers: config.strangers,
    action: actionFrom(config, trunk),
    strip: config.strip,
    prefix: config.prefix,
    policy: policyFrom(config, trunk?.policy ?? standard),
  };
}

function actionFrom(config: RouteConfig, trunk: Trunk | undefined): Action {
  if (trunk !== undefined) return { type: "forward", to: trunk.to, rewriteHost: trunk.rewriteHost };
  if (config.to !== undefined) return { type: "forward", to: hopsFrom(config.to), rewriteHost: false };
  if (config.redirect !== undefined) {
    const contacts = hopsFrom(config.redirect.contacts);
    return { type: "redirect", status: config.redirect.status ?? (contacts.length > 1 ? 300 : 302), contacts };
  }
  return { type: "reject", status: config.reject?.status ?? 404, reason: config.reject?.reason ?? "" };
}

function hopsFrom(hops: readonly { uri: string; q: number }[]): NextHopUri[] {
  return hops.map(({ uri, q }) => ({ uri, q: Math.round(q * 1000) })).sort((a, b) => b.q - a.q);
}
