import type { Clock } from "@sipmesh/environment";
import type { RegisterReply, RegisterRequest } from "@sipmesh/proto/location";
import type { Call } from "@sipmesh/rpc";
import {
  type Binding,
  type HeaderField,
  type RegisterFacts,
  type RegisterResult,
  type RegistrarPolicy,
  register,
} from "@sipmesh/sip-core";
import { Conflict, StoreAway } from "@sipmesh/store";
import { attribute, type Counter, type Telemetry } from "@sipmesh/telemetry";
import { flowFromWire } from "./flow.ts";
import type { Held } from "./index-of-records.ts";
import type { Records } from "./records.ts";
import { sipDate } from "./sip-date.ts";
import * as catalogue from "./telemetry.ts";

export interface RegistrarOptions {
  readonly records: Records;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly policy: RegistrarPolicy;
  readonly maxAddressesOfRecord: number;
  /** Seconds. */
  readonly retryAfter: number;
}

/** How often a REGISTER that others overtake is decided anew before it is answered 503. */
const MAX_ATTEMPTS = 12;

type Outcome = "stored" | "unchanged" | "rejected" | "full" | "busy" | "away";
type Answered = readonly [Outcome, RegisterReply];

/** The registrar (RFC 3261 section 10.3): the pure one, over one compare-and-set for each address of record. */
export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #outcomes: Readonly<Record<Outcome, Counter>>;
  readonly #conflicts: Counter;
  readonly #seconds: ReturnType<Telemetry["metrics"]["histogram"]>;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    const { metrics } = options.telemetry;
    const counter = metrics.counter(catalogue.registers);
    this.#outcomes = {
      stored: counter.with({ outcome: "stored" }),
      unchanged: counter.with({ outcome: "unchanged" }),
      rejected: counter.with({ outcome: "rejected" }),
      full: counter.with({ outcome: "full" }),
      busy: counter.with({ outcome: "busy" }),
      away: counter.with({ outcome: "away" }),
    };
    this.#conflicts = metrics.counter(catalogue.conflicts);
    this.#seconds = metrics.histogram(catalogue.registerSeconds);
  }

  /** Never rejects for want of the store: that is a 503 with Retry-After. */
  async register(request: RegisterRequest, call: Call): Promise<RegisterReply> {
    const { clock, telemetry } = this.#options;
    const span = telemetry.tracer.start(catalogue.registerSpan, call.trace, {
      [attribute.addressOfRecord]: request.addressOfRecord,
    });
    const started = clock.now();
    let answered: Answered;
    try {
      answered = await this.#answer(request);
    } catch (error) {
      if (!(error instanceof StoreAway)) {
        span?.fail(String(error));
        span?.end();
        throw error;
      }
      telemetry.log.warn({ error: error.message }, "A REGISTER could not be stored.");
      span?.fail(error.message);
      answered = ["away", this.#unavailable()];
    }
    const [outcome, reply] = answered;
    this.#outcomes[outcome].add();
    this.#seconds.observe((clock.now() - started) / 1000);
    span?.end({ [attribute.statusCode]: reply.status });
    return reply;
  }

  async #answer(request: RegisterRequest): Promise<Answered> {
    const { records, policy, clock } = this.#options;
    const key = request.addressOfRecord;
    const facts = factsFrom(request);
    let recalled = facts.contacts.length === 0 ? undefined : this.#recall(key);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const held: Held = recalled ?? (await records.read(key));
      const now = clock.now();
      const result = register(held.bindings, facts, now, policy);
      if (result.outcome === "registered" && result.changed) {
        if (this.#isFull(held, result.bindings.length)) return ["full", this.#unavailable()];
        try {
          await records.write(key, result.bindings, held);
          return ["stored", this.#accepted(result, facts, now)];
        } catch (error) {
          if (!(error instanceof Conflict)) throw error;
          this.#conflicts.add();
        }
      } else if (recalled === undefined) {
        // Only what the leader said may be answered without a write that proves it.
        return result.outcome === "registered"
          ? ["unchanged", this.#accepted(result, facts, now)]
          : ["rejected", rejected(result)];
      }
      recalled = undefined;
    }
    return ["busy", this.#unavailable()];
  }

  /** What memory has; of an address that it never heard of, that there is no record: the write will tell. */
  #recall(key: string): Held | undefined {
    const { records } = this.#options;
    const held = records.recall(key);
    if (held !== undefined) return held;
    return records.opened && !records.index.has(key) ? { bindings: [], revision: 0 } : undefined;
  }

  #isFull(held: Held, contacts: number): boolean {
    return (
      held.revision === 0 && contacts > 0 && this.#options.records.index.size >= this.#options.maxAddressesOfRecord
    );
  }

  #accepted(result: RegisterResult & { outcome: "registered" }, facts: RegisterFacts, now: number): RegisterReply {
    const headerFields = result.headerFields.map(toWire);
    headerFields.push({ name: "Date", value: sipDate(now) });
    return { status: 200, reason: "OK", headerFields, keepAlive: pingedFor(result.bindings, facts, now) };
  }

  #unavailable(): RegisterReply {
    const headerFields = [{ name: "Retry-After", value: String(this.#options.retryAfter) }];
    return { status: 503, reason: "Service Unavailable", headerFields, keepAlive: 0 };
  }
}

/** Seconds for which the edge must keep the flow open: as long as something is registered over it through a NAT. */
function pingedFor(bindings: readonly Binding[], facts: RegisterFacts, now: number): number {
  if (!facts.nat || facts.flow?.transport !== "udp") return 0;
  const ends = bindings.filter((one) => isBehind(one, facts)).map((one) => one.expiresAt);
  return Math.ceil(Math.max(0, ...ends.map((end) => end - now)) / 1000);
}

function isBehind({ flow }: Binding, facts: RegisterFacts): boolean {
  return flow?.remote.address === facts.flow?.remote.address && flow?.remote.port === facts.flow?.remote.port;
}

function rejected({ status, reason, headerFields }: RegisterResult & { outcome: "rejected" }): RegisterReply {
  return { status, reason, headerFields: headerFields.map(toWire), keepAlive: 0 };
}

function toWire([name, value]: HeaderField): { name: string; value: string } {
  return { name, value };
}

function factsFrom(request: RegisterRequest): RegisterFacts {
  const { contacts, callId, cseq, path, supported, require, userAgent, nat } = request;
  const flow = flowFromWire(request.flow);
  const expires = request.expires === "" ? undefined : request.expires;
  return { contacts, expires, callId, cseq, path, supported, require, userAgent, flow, nat };
}
