import type { Cluster, Instance } from "@sipmesh/cluster";
import type { Clock } from "@sipmesh/environment";
import { nameHash } from "@sipmesh/sip-core";

/** Milliseconds that a relay which went away is expected back: its sessions are taken up by who follows in its place. */
const EXPECTED = 30_000;
/** Beyond this load a relay on the edge's own node is no better than another. */
const BUSY = 0.875;

/** A relay as presence tells it. */
interface Known {
  readonly instance: string;
  readonly name: string;
  readonly incarnation: number;
  readonly node: string;
  readonly load: number;
}

interface Waiting {
  readonly hash: number;
  readonly except: ReadonlySet<string>;
  readonly tell: (instance: string | undefined) => void;
}

/** Which process relays a call's media: the one that holds its session, or for a new session a good one. */
export class Relays {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #subscription: { close(): void };
  readonly #waiting = new Set<Waiting>();
  /** What was there before is not known. */
  readonly #since: number;
  /** Names that nobody has now, and since when. */
  readonly #gone = new Map<number, number>();
  #known: readonly Known[] = [];
  #byHash = new Map<number, Known>();

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#since = clock.now();
    this.#subscription = cluster.onChange(() => this.#learn());
    this.#learn();
  }

  close(): void {
    this.#subscription.close();
    for (const { tell } of [...this.#waiting]) tell(undefined);
  }

  /**
   * Who holds the sessions of a relay: `hash` is `nameHash` of its name. Where nobody does now, who takes them up is
   * waited for; undefined where nobody comes.
   *
   * @param except instances that are known to be gone
   * @param within milliseconds that are waited at most
   */
  holder(hash: number, except: ReadonlySet<string>, within: number): Promise<string | undefined> {
    const present = this.#holderOf(hash, except);
    // One that has never been seen here may have gone just before we came.
    const expected = this.#byHash.has(hash) || this.#clock.now() - (this.#gone.get(hash) ?? this.#since) < EXPECTED;
    if (present !== undefined || !expected || within <= 0) return Promise.resolve(present);
    return new Promise((resolve) => {
      const waiting: Waiting = {
        hash,
        except,
        tell: (instance) => {
          timer.cancel();
          this.#waiting.delete(waiting);
          resolve(instance);
        },
      };
      const timer = this.#clock.after(within, () => waiting.tell(undefined));
      this.#waiting.add(waiting);
    });
  }

  /**
   * A relay for a new session: one on the node of the edge where there is one that has room, else any that has; among
   * them each gets calls according to what it has left. For the same call it is the same for as long as nothing changes.
   *
   * @param except instances that would not have it
   */
  choose(callId: string, edge: string, except: ReadonlySet<string>): string | undefined {
    const node = this.#cluster.instances("edge").find(({ id }) => id === edge)?.node;
    const able = this.#known.filter(({ instance }) => !except.has(instance));
    const near = able.filter((relay) => relay.node === node && relay.load < BUSY);
    const free = able.filter(({ load }) => load < 1);
    const candidates = near.length > 0 ? near : free.length > 0 ? free : able;
    let best: Known | undefined;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const relay of candidates) {
      const score = scoreOf(relay, callId);
      if (score <= bestScore) continue;
      best = relay;
      bestScore = score;
    }
    return best?.instance;
  }

  #holderOf(hash: number, except: ReadonlySet<string>): string | undefined {
    const known = this.#byHash.get(hash);
    return known === undefined || except.has(known.instance) ? undefined : known.instance;
  }

  #learn(): void {
    const now = this.#clock.now();
    const before = this.#byHash;
    this.#byHash = new Map();
    for (const relay of this.#cluster.instances("media").map(knownOf)) {
      const hash = nameHash(relay.name);
      const other = this.#byHash.get(hash);
      // For a while presence has who died and who follows.
      if (other === undefined || other.incarnation < relay.incarnation) this.#byHash.set(hash, relay);
      this.#gone.delete(hash);
    }
    this.#known = [...this.#byHash.values()];
    for (const hash of before.keys()) if (!this.#byHash.has(hash)) this.#gone.set(hash, now);
    for (const [hash, since] of this.#gone) if (now - since >= EXPECTED) this.#gone.delete(hash);
    for (const { hash, except, tell } of [...this.#waiting]) {
      const holder = this.#holderOf(hash, except);
      if (holder !== undefined) tell(holder);
    }
  }
}

/** One of the version before says nothing of its relay, and is its own and only holder. */
function knownOf({ id, node, relay }: Instance): Known {
  return { instance: id, node, name: relay?.name ?? id, incarnation: relay?.incarnation ?? 0, load: relay?.load ?? 0 };
}

/** Weighted rendezvous hashing: of many calls each relay gets a share as large as its weight, what it has left. */
function scoreOf({ name, load }: Known, callId: string): number {
  const weight = Math.max(1 - load, 0.01);
  const uniform = (mixed(nameHash(`${name} ${callId}`)) + 0.5) / 0x1_0000_0000;
  return -weight / Math.log(uniform);
}

/** The finaliser of MurmurHash3: the hash of a name leaves the high bits of short ones alike. */
function mixed(hash: number): number {
  let word = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
