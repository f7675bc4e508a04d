import type { Counter, Histogram, Metrics } from "@sipmesh/telemetry";
import { type DropReason, type HandoverStep, handoverSteps, metrics } from "./telemetry.ts";

/** Methods that get a label of their own; strangers may invent as many others as they like. */
const named = ["INVITE", "BYE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "UPDATE", "PRACK"];

export type CallOutcome = "answered" | "cancelled" | "refused" | "failed";

/** Every counter of the service, looked up once: counting is one addition. */
export class Measures {
  readonly setupSeconds: Histogram;
  readonly overload: Counter;
  readonly passed: Counter;
  readonly received: Counter;
  readonly sent: Counter;
  /** Calls that ring or are on their way. */
  settingUp = 0;
  /** Calls that began here since the start. */
  callsBegun = 0;
  /** Questions to other services that wait for an answer. */
  asked = 0;
  readonly #begun: Readonly<Record<"server" | "client", readonly [Counter, Counter]>>;
  readonly #responses = new Map<string, readonly Counter[]>();
  readonly #calls: Readonly<Record<CallOutcome, Counter>>;
  readonly #drops: Counter;
  readonly #unanswered: Counter;
  readonly #exceptions: Counter;
  readonly #handover: Readonly<Record<HandoverStep, Counter>>;

  constructor(from: Metrics, live: () => { readonly server: number; readonly client: number }) {
    const begun = from.counter(metrics.transactions);
    const pair = (side: string) =>
      [begun.with({ side, kind: "invite" }), begun.with({ side, kind: "non-invite" })] as const;
    this.#begun = { server: pair("server"), client: pair("client") };
    const responses = from.counter(metrics.responses);
    for (const method of [...named, "other"]) {
      const classes = [2, 3, 4, 5, 6].map((digit) => responses.with({ method, class: `${digit}xx` }));
      this.#responses.set(method, classes);
    }
    const calls = from.counter(metrics.calls);
    this.#calls = {
      answered: calls.with({ outcome: "answered" }),
      cancelled: calls.with({ outcome: "cancelled" }),
      refused: calls.with({ outcome: "refused" }),
      failed: calls.with({ outcome: "failed" }),
    };
    this.#drops = from.counter(metrics.drops);
    this.#unanswered = from.counter(metrics.unanswered);
    this.#exceptions = from.counter(metrics.exceptions);
    const handover = from.counter(metrics.handover);
    this.#handover = Object.fromEntries(handoverSteps.map((what) => [what, handover.with({ what })])) as Readonly<
      Record<HandoverStep, Counter>
    >;
    this.setupSeconds = from.histogram(metrics.setupSeconds);
    this.overload = from.counter(metrics.overload);
    this.passed = from.counter(metrics.passed);
    const retransmissions = from.counter(metrics.retransmissions);
    this.received = retransmissions.with({ direction: "received" });
    this.sent = retransmissions.with({ direction: "sent" });
    from.gauge(metrics.live, () => Object.entries(live()).map(([side, value]) => ({ labels: { side }, value })));
    from.gauge(metrics.settingUp, () => this.settingUp);
    from.gauge(metrics.asked, () => this.asked);
  }

  begun(side: "server" | "client", method: string): void {
    this.#begun[side][method === "INVITE" ? 0 : 1].add();
  }

  answered(method: string, status: number): void {
    const classes = this.#responses.get(method) ?? this.#responses.get("other");
    classes?.[Math.floor(status / 100) - 2]?.add();
  }

  callBegun(): void {
    this.callsBegun++;
    this.settingUp++;
  }

  called(outcome: CallOutcome, milliseconds: number): void {
    this.#calls[outcome].add();
    this.setupSeconds.observe(milliseconds / 1000);
  }

  dropped(reason: DropReason): void {
    this.#drops.with({ reason }).add();
  }

  unanswered(service: string, code: number): void {
    this.#unanswered.with({ service, code: String(code) }).add();
  }

  handover(what: HandoverStep): void {
    this.#handover[what].add();
  }

  exception(where: string): void {
    this.#exceptions.with({ where }).add();
  }
}

/** What a call came to: a 4xx or 6xx is somebody's word, a 5xx or 408 is a fault. */
export function outcomeOf(status: number): CallOutcome {
  if (status < 300) return "answered";
  if (status === 487) return "cancelled";
  return status === 408 || (status >= 500 && status < 600) ? "failed" : "refused";
}
