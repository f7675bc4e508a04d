import { addressesOf, type Cluster, type Instance, type Listener } from "@sipmesh/cluster";
import { type Address, type Flow, readUri, type Transport } from "@sipmesh/sip";
import { type FlowReference, flowHash, listenerHash, nameHash, type Way } from "@sipmesh/sip-core";

/** Names that mean this platform besides its addresses. */
export interface Names {
  /** "name" or "name:port". */
  readonly names: readonly string[];
  /** Leads to every edge, whatever its port. */
  readonly sentBy?: string | undefined;
}

/** At most this many peers have their facing address remembered. */
const REMEMBERED = 10_000;

/** The edge that a message leaves by: over a flow of its, or to an address. */
export interface Exit {
  readonly edge: string;
  readonly flow?: Flow;
  readonly destination?: {
    readonly transport: Transport;
    readonly address: Address;
    readonly host: string | undefined;
  };
}

/** What presence tells of edges, in the form in which messages ask for it. */
export class Edges {
  readonly #cluster: Cluster;
  readonly #names: ReadonlySet<string>;
  readonly #sentBy: string | undefined;
  readonly #subscription: { close(): void };
  #own = new Set<string>();
  #edges = new Map<string, Instance>();
  #byHash = new Map<number, Instance>();
  #sockets = new Map<number, { readonly edge: string; readonly local: Address }>();
  /** Who has a UDP address now, by the half of the hash that tells it; rather one that stays than one that leaves. */
  #heirs = new Map<number, { readonly edge: string; readonly local: Address }>();
  #facing = new Map<string, Address | undefined>();

  constructor(cluster: Cluster, { names, sentBy }: Names) {
    this.#cluster = cluster;
    this.#names = new Set([...names.map((name) => name.toLowerCase()), ...(sentBy === undefined ? [] : [sentBy])]);
    this.#sentBy = sentBy;
    this.#subscription = cluster.onChange(() => this.#learn());
    this.#learn();
  }

  close(): void {
    this.#subscription.close();
  }

  /** The host, and the port where one is given, are ours. */
  isOwn(host: string, port: number | undefined): boolean {
    return this.#own.has(`${host}:${port ?? 5060}`) || this.#names.has(port === undefined ? host : `${host}:${port}`);
  }

  /** The edge is there: its connections are, as far as anybody knows. */
  has(edge: string): boolean {
    return this.#edges.has(edge);
  }

  /**
   * The flow that a token refers to; undefined where its edge, and with it the flow, is gone. A UDP flow lives on with who
   * has its address now: an edge that came back, or another one behind a shared address.
   */
  flowOf(reference: FlowReference): Flow | undefined {
    const { transport, hash, remote, connection = 0 } = reference;
    if (transport === "udp") {
      const socket = this.#sockets.get(hash) ?? this.#heirs.get(hash & 0xffff);
      return socket && remote && { ...socket, transport, remote, connection };
    }
    const edge = this.#byHash.get(hash);
    const local = edge && this.#localOf(edge, transport, "");
    // The connection says it all; its remote address is the edge's to know.
    return edge && local && { edge: edge.id, transport, local, remote: { address: "0.0.0.0", port: 0 }, connection };
  }

  /**
   * How a message leaves on its way now. Where the way's own edge is gone: by who has its address, else by any that reaches
   * the peer, whose answer comes back to where a request came from (RFC 3581). A connection that is gone is nobody else's.
   */
  exitOf(way: Way): Exit {
    const { transport, host, flow } = way;
    const remote = way.remote ?? flow?.remote;
    const edge = this.#presentEdge(way);
    if (flow !== undefined && (edge !== undefined || transport !== "udp"))
      return edge === undefined || edge === flow.edge ? { edge: flow.edge, flow } : { edge, flow: { ...flow, edge } };
    if (remote === undefined) return { edge: way.edge };
    const destination = { transport, address: remote, host };
    return { edge: edge ?? this.wayTo("", transport, remote, "")?.edge ?? way.edge, destination };
  }

  /** The edge goes: what it holds may have been registered anew elsewhere. */
  leaves(edge: string): boolean {
    return this.#edges.get(edge)?.leaving === true;
  }

  /** From `edge`, or from another one where that does not speak the transport, to an address. */
  wayTo(edge: string, transport: Transport, remote: Address, host: string): Way | undefined {
    const preferred = this.#edges.get(edge);
    for (const instance of preferred === undefined ? this.#edges.values() : [preferred, ...this.#edges.values()]) {
      const local = this.#facingLocal(instance, transport, remote.address);
      if (local === undefined) continue;
      return { edge: instance.id, transport, local, remote, host: host === "" ? undefined : host };
    }
    return undefined;
  }

  wayOver(flow: Flow): Way {
    return { edge: flow.edge, transport: flow.transport, local: flow.local, flow };
  }

  /** The way's own edge while it is there, else who has its UDP address; who has just started does not know of all. */
  #presentEdge({ edge, transport, local }: Way): string | undefined {
    if (this.#edges.has(edge)) return edge;
    const heir = transport === "udp" ? this.#heirs.get(listenerHash(local)) : undefined;
    return heir?.edge ?? (this.#cluster.complete ? undefined : edge);
  }

  #facingLocal(edge: Instance, transport: Transport, remote: string): Address | undefined {
    const key = `${edge.id} ${transport} ${remote}`;
    let local = this.#facing.get(key);
    if (local === undefined && !this.#facing.has(key)) {
      local = this.#localOf(edge, transport, remote);
      if (this.#facing.size >= REMEMBERED) this.#facing.clear();
      this.#facing.set(key, local);
    }
    return local;
  }

  #localOf(edge: Instance, transport: Transport, remote: string): Address | undefined {
    let best: Listener | undefined;
    let bestLength = -1;
    for (const listener of edge.addresses ?? []) {
      if (listener.transport !== transport) continue;
      if (remote !== "" && listener.address.includes(":") !== remote.includes(":")) continue;
      const length = commonLength(listener.address, remote);
      if (length <= bestLength) continue;
      best = listener;
      bestLength = length;
    }
    return best && (best.advertised ?? { address: best.address, port: best.port });
  }

  #learn(): void {
    const there = this.#cluster.instances("edge");
    // Where there is a choice, one that stays.
    const edges = [...there.filter(({ leaving }) => !leaving), ...there.filter(({ leaving }) => leaving)];
    this.#edges = new Map(edges.map((edge) => [edge.id, edge]));
    this.#byHash = new Map(edges.map((edge) => [nameHash(edge.id), edge]));
    this.#own = new Set();
    this.#sockets = new Map();
    this.#heirs = new Map();
    this.#facing.clear();
    for (const { id, addresses = [] } of edges) {
      for (const listener of addresses) {
        for (const { address, port } of addressesOf(listener)) {
          this.#own.add(`${address}:${port}`);
          if (this.#sentBy !== undefined) this.#own.add(`${this.#sentBy}:${port}`);
          if (listener.transport !== "udp") continue;
          const local = { address, port };
          this.#sockets.set(flowHash(id, "udp", local), { edge: id, local });
          if (!this.#heirs.has(listenerHash(local))) this.#heirs.set(listenerHash(local), { edge: id, local });
        }
      }
    }
  }
}

/**
 * How much of its beginning an address has in common with another: of several addresses of an edge, the one nearest to
 * the peer is the one that faces it. A loopback address faces nobody but its like.
 */
function commonLength(local: string, remote: string): number {
  const loopback = (address: string) => address.startsWith("127.") || address === "::1";
  if (remote === "") return 0;
  if (loopback(local) !== loopback(remote)) return loopback(local) ? 0 : 1;
  let length = 0;
  while (length < local.length && local.charCodeAt(length) === remote.charCodeAt(length)) length++;
  return length + 2;
}

/**
 * Where a URI with an IP literal leads, for which nobody need be asked (RFC 3263 section 4.2); undefined where a name
 * must be looked up, or the URI is of another scheme.
 */
export function literalHop(text: string): { readonly transport: Transport; readonly remote: Address } | undefined {
  const uri = readUri(text);
  if (uri?.kind !== "sip") return undefined;
  const host = uri.params.get("maddr") ?? uri.host;
  if (!isLiteral(host)) return undefined;
  const named = uri.params.get("transport")?.toLowerCase();
  const transport = uri.scheme === "sips" ? (named === "ws" || named === "wss" ? "wss" : "tls") : (named ?? "udp");
  if (!isTransport(transport)) return undefined;
  return { transport, remote: { address: host, port: uri.port ?? defaultPorts[transport] } };
}

function isLiteral(host: string): boolean {
  return host.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

function isTransport(text: string): text is Transport {
  return text === "udp" || text === "tcp" || text === "tls" || text === "ws" || text === "wss";
}

const defaultPorts: Readonly<Record<Transport, number>> = { udp: 5060, tcp: 5060, tls: 5061, ws: 80, wss: 443 };
