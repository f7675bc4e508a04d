import type { Clock } from "@sipmesh/environment";
import type { LookupReply, LookupRequest, Binding as WireBinding } from "@sipmesh/proto/location";
import { type Call, Code, RpcError } from "@sipmesh/rpc";
import { type Binding, currentBindings } from "@sipmesh/sip-core";
import { StoreAway } from "@sipmesh/store";
import { attribute, type Counter, type Telemetry } from "@sipmesh/telemetry";
import { flowToWire } from "./flow.ts";
import type { Records } from "./records.ts";
import * as catalogue from "./telemetry.ts";

export interface LookupOptions {
  readonly records: Records;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

type Outcome = "found" | "none" | "away";

/** Where an address of record can be reached now. */
export class Lookup {
  readonly #options: LookupOptions;
  readonly #outcomes: Readonly<Record<Outcome, Counter>>;

  constructor(options: LookupOptions) {
    this.#options = options;
    const counter = options.telemetry.metrics.counter(catalogue.lookups);
    this.#outcomes = {
      found: counter.with({ outcome: "found" }),
      none: counter.with({ outcome: "none" }),
      away: counter.with({ outcome: "away" }),
    };
  }

  /**
   * Memory is believed where it has bindings; before it is said that there is none, the store's leader is asked.
   * @throws RpcError UNAVAILABLE where the store is away and memory has nothing
   */
  lookup(request: LookupRequest, call: Call): LookupReply | Promise<LookupReply> {
    const { records, clock, telemetry } = this.#options;
    const span = telemetry.tracer.start(catalogue.lookupSpan, call.trace, {
      [attribute.addressOfRecord]: request.addressOfRecord,
    });
    const recalled = currentBindings(records.recall(request.addressOfRecord)?.bindings ?? [], clock.now());
    const end = (bindings: readonly Binding[]): LookupReply => {
      this.#outcomes[bindings.length > 0 ? "found" : "none"].add();
      span?.end({ [attribute.bindings]: bindings.length });
      return { bindings: bindings.map((binding) => toWire(binding, clock.now())) };
    };
    if (recalled.length > 0) return end(recalled);
    return records.read(request.addressOfRecord).then(
      (held) => end(currentBindings(held.bindings, clock.now())),
      (error: unknown) => {
        span?.fail(String(error));
        span?.end();
        if (!(error instanceof StoreAway)) throw error;
        this.#outcomes.away.add();
        throw new RpcError(Code.Unavailable, error.message, error);
      },
    );
  }
}

function toWire(binding: Binding, now: number): WireBinding {
  const { uri, q, path, flow, nat, expiresAt } = binding;
  const byFlow = flow !== undefined && (nat || flow.transport !== "udp");
  return {
    uri,
    q,
    path: [...path],
    flow: byFlow ? flowToWire(flow) : undefined,
    nat,
    expires: Math.ceil((expiresAt - now) / 1000),
  };
}
