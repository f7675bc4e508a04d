import type { Confirm } from "@sipmesh/bus";
import type { TraceContext } from "@sipmesh/proto/flow";
import type { ProxyEvent, ResponseContext } from "@sipmesh/sip-core";
import type { Span } from "@sipmesh/telemetry";
import type { Elsewhere } from "./handover/elsewhere.ts";
import type { Hashed } from "./hash-table.ts";
import type { Timers } from "./timers.ts";

/** What never changes of a response context while it is alive. */
export interface EntryFacts {
  /** Of the server transaction. */
  readonly key: string;
  readonly method: string;
  /** Milliseconds since the epoch. */
  readonly began: number;
  /** The number of the membership list from which on it is owned here. */
  readonly since: number;
  /** Call-ID and CSeq of an INVITE that offers nothing, so that its callee will; else "". */
  readonly withoutOffer: string;
  readonly trace: TraceContext | undefined;
}

/** A response context that is alive here: its state, and what ties it to the world. */
export class Entry implements Hashed {
  readonly key: string;
  readonly method: string;
  readonly callId: string;
  readonly began: number;
  readonly since: number;
  /** A call being set up: an INVITE outside a dialog. */
  readonly isCall: boolean;
  readonly withoutOffer: string;
  readonly trace: TraceContext | undefined;
  context: ResponseContext;
  span: Span | undefined;
  /** By branch. */
  legs: (Span | undefined)[] | undefined;
  /** Seconds to keep the caller's flow open by pings: goes with the 200 to its REGISTER. */
  keepAlive = 0;
  /** A call that has no final response yet. */
  settingUp: boolean;
  /** Events that came while one was being worked out; absent: none so far. */
  waiting: ProxyEvent[] | undefined;
  busy = false;
  /** It is in the table no more. */
  gone = false;
  /** Its sender proved nothing and was answered so. */
  turnedAway = false;
  /** Who waits for a confirmation that what was sent to it is safe; absent: nobody. */
  unconfirmed: Confirm[] | undefined;
  /** Absent: no other member knows of it. */
  elsewhere: Elsewhere | undefined;
  hash = 0;
  next: Hashed | undefined;
  readonly timers: Timers<Entry>;

  constructor(facts: EntryFacts, context: ResponseContext, timers: (entry: Entry) => Timers<Entry>) {
    this.key = facts.key;
    this.method = facts.method;
    this.callId = context.callId;
    this.began = facts.began;
    this.since = facts.since;
    this.isCall = facts.method === "INVITE" && !context.inDialog;
    this.settingUp = this.isCall && context.answered === 0;
    this.withoutOffer = facts.withoutOffer;
    this.trace = facts.trace;
    this.timers = timers(this);
    this.context = context;
  }
}
