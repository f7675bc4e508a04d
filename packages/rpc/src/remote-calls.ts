import type { Clock, Timer } from "@sipmesh/environment";
import { Code, RpcError } from "./error.ts";
import type { Remote } from "./local-rpc.ts";
import { type Peer, PeerLink } from "./peer-link.ts";
import type { CallOptions, RpcObserver } from "./rpc.ts";
import type { Security } from "./security.ts";
import type { AnyMethod } from "./services.ts";

/** Milliseconds between two looks at who is there. */
const LOOK = 500;
/** Milliseconds until peers are tried again of whom none could be reached, and calls that wait for it at most. */
const AGAIN_AFTER = 200;
const WAITING = 8192;

export interface RemoteCallsOptions {
  readonly clock: Clock;
  /** Who answers a service now, as presence tells it; this process itself excepted. */
  readonly peers: (service: string) => readonly Peer[];
  /** Whether presence has heard of everybody: else a peer of whom it does not tell is waited for. */
  readonly complete: () => boolean;
  readonly security: Security;
  readonly observer?: RpcObserver | undefined;
}

/** Calls to other processes: one link to each peer, and the choice among them. */
export class RemoteCalls implements Remote {
  readonly #options: RemoteCallsOptions;
  readonly #links = new Map<string, PeerLink>();
  readonly #services = new Set<string>();
  readonly #waiting = new Set<{ readonly timer: Timer; readonly giveUp: () => void }>();
  #turn = 0;
  #look: Timer | undefined;
  #closed = false;

  constructor(options: RemoteCallsOptions) {
    this.#options = options;
    this.#keepLooking();
  }

  wanted(service: string): void {
    this.#services.add(service);
  }

  call(service: string, method: AnyMethod, request: unknown, options: CallOptions): Promise<unknown> {
    const due = this.#options.clock.now() + options.deadline;
    return new Promise((resolve, reject) => {
      const tried = new Set<string>();
      const attempt = (last?: RpcError): void => {
        const link = this.#choose(service, options, tried);
        const left = due - this.#options.clock.now();
        if (link === undefined) {
          const error = last ?? nobody(service, method, options);
          // Presence tells who has gone. Who is there and cannot be reached will be: all connections are lost at once where
          // it is we who got no processor. And who has just started has not heard of everybody yet.
          const waits = (tried.size > 0 || !this.#options.complete()) && left > AGAIN_AFTER;
          tried.clear();
          if (waits) this.#later(error, attempt, reject);
          else reject(error);
          return;
        }
        tried.add(link.peer.instance);
        if (left <= 0) reject(new RpcError(Code.DeadlineExceeded, `${method.path}: no peer could be reached in time`));
        else link.call(method, request, { ...options, deadline: left }, attempt, resolve, reject);
      };
      attempt();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#look?.cancel();
    for (const { timer, giveUp } of this.#waiting) {
      timer.cancel();
      giveUp();
    }
    this.#waiting.clear();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** Tries again in a while; not where too many wait already, or this is closed meanwhile. */
  #later(error: RpcError, attempt: (last: RpcError) => void, reject: (error: RpcError) => void): void {
    if (this.#closed || this.#waiting.size >= WAITING) {
      reject(error);
      return;
    }
    const timer = this.#options.clock.after(AGAIN_AFTER, () => {
      this.#waiting.delete(waiting);
      attempt(error);
    });
    const waiting = { timer, giveUp: () => reject(error) };
    this.#waiting.add(waiting);
  }

  #choose(service: string, { instance, key }: CallOptions, tried: ReadonlySet<string>): PeerLink | undefined {
    if (this.#closed) return undefined;
    const peers = this.#options.peers(service).filter((peer) => !tried.has(peer.instance));
    if (instance !== undefined) {
      const peer = peers.find((one) => one.instance === instance);
      return peer && this.#link(peer);
    }
    const links = (key === undefined ? rotated(peers, this.#turn++) : byAffinity(peers, key)).map((peer) =>
      this.#link(peer),
    );
    return links.find(({ state }) => state === "open") ?? links.find(({ state }) => state === "opening") ?? links[0];
  }

  #link(peer: Peer): PeerLink {
    let link = this.#links.get(peer.instance);
    if (link === undefined) {
      const { clock, security, observer } = this.#options;
      link = new PeerLink(peer, clock, security, {
        lost: (reason) => observer?.peerLost(peer.instance, reason),
        unreachable: (reason) => observer?.peerUnreachable(peer.instance, reason),
      });
      this.#links.set(peer.instance, link);
    }
    return link;
  }

  /** Connects to whom will be called, and lets go of who is gone. */
  #keepLooking(): void {
    const there = new Set<string>();
    for (const service of this.#services) {
      for (const peer of this.#options.peers(service)) {
        there.add(peer.instance);
        this.#link(peer);
      }
    }
    for (const [instance, link] of this.#links) {
      if (there.has(instance) || !link.idle) continue;
      link.close();
      this.#links.delete(instance);
    }
    this.#look = this.#options.clock.after(LOOK, () => this.#keepLooking());
  }
}

function nobody(service: string, { path }: AnyMethod, { instance }: CallOptions): RpcError {
  const who = instance === undefined ? `nobody answers ${service}` : `the instance "${instance}" is not there`;
  return new RpcError(Code.Unavailable, `${path}: ${who}`);
}

function rotated(peers: readonly Peer[], turn: number): readonly Peer[] {
  if (peers.length < 2) return peers;
  const first = turn % peers.length;
  return [...peers.slice(first), ...peers.slice(0, first)];
}

/** Rendezvous hashing: everybody with the same peers finds the same order for a key. */
function byAffinity(peers: readonly Peer[], key: string): readonly Peer[] {
  if (peers.length < 2) return peers;
  return peers
    .map((peer) => ({ peer, score: fnv1a(`${peer.instance} ${key}`) }))
    .sort((one, other) => other.score - one.score || (one.peer.instance < other.peer.instance ? -1 : 1))
    .map(({ peer }) => peer);
}

/** FNV-1a with a finaliser: spreads load, guards nothing. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
