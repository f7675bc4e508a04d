import type { Clock, Timer } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import { MediaService, type SessionReply, Side as WireSide } from "@sipmesh/proto/media";
import { type Client, Code, type Rpc, RpcError } from "@sipmesh/rpc";
import { nameHash, type Side } from "@sipmesh/sip-core";
import type { TransactionConfig } from "./config.ts";
import type { Relays } from "./relays.ts";
import { bufferOf } from "./wire.ts";

/** Relays that a new session is offered to, one after the other. */
const TRIES = 3;
/** Milliseconds that who takes the sessions of a relay up is waited for with an answer: below 64*T1, Timer H of the peer. */
const ANSWER_PATIENCE = 25_000;
/** Times that the end of a leg is told to a relay that does not hear it, and milliseconds before the second. */
const TOLD = 5;
const AGAIN_AFTER = 500;
/** Ends that are told again at a time: of more the relay hears once. */
const TELLING = 1000;

/** One leg of one call's media, as the media service knows it. */
export interface MediaLeg {
  readonly callId: string;
  readonly callerTag: string;
  readonly calleeTag: string;
  readonly leg: string;
  readonly from: Side;
  /** `nameHash` of the relay that holds the session; 0: none is known yet. */
  readonly relay: number;
  /** The edge that the caller came by: relays near it are preferred for a new session. */
  readonly edge: string;
}

/** A session description on its way from one side to the other. */
export interface Description extends MediaLeg {
  readonly verb: "offer" | "answer";
  readonly sdp: Uint8Array;
  readonly toward: string;
  readonly source: string;
}

export interface Described {
  readonly sdp: Uint8Array;
  /** `nameHash` of the relay. */
  readonly instance: number;
}

/**
 * What relays are asked. Everything that belongs to a session goes to the relay that holds it; while that is away, to
 * who follows in its place.
 */
export class MediaQuestions {
  readonly #media: Client<typeof MediaService>;
  readonly #relays: Relays;
  readonly #clock: Clock;
  readonly #deadlines: TransactionConfig["deadlines"];
  /** By call: the first offer of its session. Those of other branches that come meanwhile go where it went. */
  readonly #first = new Map<string, Promise<SessionReply>>();
  readonly #pauses = new Set<Timer>();
  #telling = 0;

  constructor(rpc: Rpc, relays: Relays, clock: Clock, deadlines: TransactionConfig["deadlines"]) {
    this.#media = rpc.client("media", MediaService);
    this.#relays = relays;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  close(): void {
    for (const pause of this.#pauses) pause.cancel();
    this.#relays.close();
  }

  /** @throws RpcError */
  async describe(description: Description, trace?: TraceContext): Promise<Described> {
    const reply = await this.#settle(description, trace);
    return { sdp: reply.sdp, instance: nameHash(reply.relay) };
  }

  /** Tells that an offer was refused or that a leg has ended; more than once where the relay is away. @throws RpcError */
  async release(verb: "reject" | "delete", leg: MediaLeg, trace?: TraceContext): Promise<void> {
    const question = {
      key: { callId: leg.callId, callerTag: leg.callerTag },
      leg: { calleeTag: leg.calleeTag, branch: leg.leg },
      from: wireSide(leg.from),
    };
    const times = this.#telling < TELLING ? TOLD : 1;
    this.#telling++;
    try {
      for (let time = 1; ; time++) {
        const instance = await this.#holderOf(leg);
        try {
          const { media: deadline } = this.#deadlines;
          await this.#media[verb](question, { deadline, trace, key: leg.callId, instance, repeatable: true });
          return;
        } catch (error) {
          if (time >= times || !isAway(error)) throw error;
        }
        await this.#pause(AGAIN_AFTER * 2 ** (time - 1));
      }
    } finally {
      this.#telling--;
    }
  }

  async #settle(description: Description, trace: TraceContext | undefined): Promise<SessionReply> {
    const { verb, callId, callerTag, relay } = description;
    if (relay !== 0) return this.#atHolder(description, relay, trace);
    const call = `${callId}\n${callerTag}`;
    const under = this.#first.get(call);
    if (under !== undefined) {
      const first = await under.catch(() => undefined);
      return first === undefined
        ? this.#settle(description, trace)
        : this.#atHolder(description, nameHash(first.relay), trace);
    }
    const settling = this.#atAny(description, trace);
    if (verb === "answer") return settling;
    this.#first.set(call, settling);
    try {
      return await settling;
    } finally {
      if (this.#first.get(call) === settling) this.#first.delete(call);
    }
  }

  async #atHolder(description: Description, relay: number, trace: TraceContext | undefined): Promise<SessionReply> {
    const { verb } = description;
    // To an answer there is no elsewhere: its peer has said its 200 and says it again.
    const patience = verb === "answer" ? Math.max(ANSWER_PATIENCE, this.#deadlines.relay) : this.#deadlines.relay;
    const end = this.#clock.now() + patience;
    const gone = new Set<string>();
    for (;;) {
      const instance = await this.#relays.holder(relay, gone, end - this.#clock.now());
      if (instance === undefined) break;
      try {
        return await this.#ask(description, instance, trace);
      } catch (error) {
        if (RpcError.from(error).code !== Code.Unavailable) throw error;
        gone.add(instance);
      }
    }
    // Nobody took its sessions up. An offer can begin the session anew elsewhere; to an answer there is no offer.
    if (verb === "offer") return this.#atAny(description, trace);
    throw new RpcError(Code.Unavailable, "the relay that holds the session is gone, and nobody has followed it");
  }

  async #atAny(description: Description, trace: TraceContext | undefined): Promise<SessionReply> {
    const { verb, callId, edge } = description;
    const refused = new Set<string>();
    for (;;) {
      const instance = this.#relays.choose(callId, edge, refused);
      try {
        return await this.#ask(description, instance, trace);
      } catch (error) {
        const { code } = RpcError.from(error);
        const elsewhere = verb === "offer" && (code === Code.Unavailable || code === Code.ResourceExhausted);
        if (!elsewhere || instance === undefined) throw error;
        refused.add(instance);
        if (refused.size >= TRIES || this.#relays.choose(callId, edge, refused) === undefined) throw error;
      }
    }
  }

  #ask(description: Description, instance: string | undefined, trace?: TraceContext): Promise<SessionReply> {
    const { verb, callId, callerTag, calleeTag, leg, from, sdp, toward, source } = description;
    const question = {
      key: { callId, callerTag },
      leg: { calleeTag, branch: leg },
      from: wireSide(from),
      sdp: bufferOf(sdp),
      toward,
      source,
    };
    // A relay takes what it has taken already for said again.
    const { media: deadline } = this.#deadlines;
    return this.#media[verb](question, { deadline, trace, key: callId, instance, repeatable: true });
  }

  /** Who is to be told of a leg; undefined where its session was not begun, or where nobody is left who has it. */
  async #holderOf({ relay, callId, callerTag, edge }: MediaLeg): Promise<string | undefined> {
    const first = relay === 0 ? await this.#first.get(`${callId}\n${callerTag}`)?.catch(() => undefined) : undefined;
    const hash = first === undefined ? relay : nameHash(first.relay);
    if (hash === 0) return this.#relays.choose(callId, edge, new Set());
    const holder = await this.#relays.holder(hash, new Set(), this.#deadlines.relay);
    if (holder === undefined) throw new RpcError(Code.Unavailable, "the relay that holds the session is gone");
    return holder;
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(milliseconds, () => {
        this.#pauses.delete(timer);
        resolve();
      });
      this.#pauses.add(timer);
    });
  }
}

function isAway(error: unknown): boolean {
  const { code } = RpcError.from(error);
  return code === Code.Unavailable || code === Code.DeadlineExceeded;
}

function wireSide(side: Side): WireSide {
  return side === "caller" ? WireSide.SIDE_CALLER : WireSide.SIDE_CALLEE;
}
