import type { Bus, Closer } from "@sipmesh/bus";
import type { Clock, Random, Timer } from "@sipmesh/environment";
import { type Address, type Draft, hostPort, type Response, request } from "@sipmesh/sip";
import type { Counter, Log } from "@sipmesh/telemetry";
import { healthSubject } from "./subjects.ts";

/** Milliseconds between two checks as long as none has passed. */
const EAGER = 500;
/** One lost datagram makes no failure. */
const FAILURES = 2;

export interface SelfCheckOptions {
  readonly edge: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: Bus;
  readonly log: Log;
  /** Milliseconds. */
  readonly interval: number;
  readonly timeout: number;
  /** Where this edge is reached, once it listens. */
  readonly own: () => { readonly transport: "udp" | "tcp"; readonly local: Address } | undefined;
  readonly send: (message: Draft, transport: "udp" | "tcp", to: Address) => void;
  readonly outcomes: Counter;
  /** Whether another edge is there and stays: who goes is no reason for this one to go too. */
  readonly stays: (edge: string) => boolean;
}

/**
 * The edge's readiness: an OPTIONS to itself that goes the way of any request, through every service. It is ready once
 * one has passed, and unready later only while its own fail and those of another edge pass: where all fail, nobody goes.
 */
export class SelfCheck {
  readonly #options: SelfCheckOptions;
  readonly #prefix: string;
  readonly #others = new Map<string, { ok: boolean; at: number }>();
  readonly #listening: Closer;
  #pending: { callId: string; timeout: Timer } | undefined;
  #next: Timer | undefined;
  #passed = false;
  #failures = 0;
  #stopped = false;

  constructor(options: SelfCheckOptions) {
    this.#options = options;
    this.#prefix = `edge-check-${options.edge}-`;
    this.#listening = options.bus.listen(healthSubject, (payload) => this.#heard(payload));
  }

  start(): void {
    this.#check();
  }

  /** Whether the response is that of a check, which then goes nowhere else. */
  takes(callId: string, response: Response): boolean {
    if (!callId.startsWith(this.#prefix)) return false;
    if (callId === this.#pending?.callId && response.status >= 200)
      this.#finish(response.status < 500, response.status);
    return true;
  }

  /** Whether this Call-ID is that of a check. */
  isOwn(callId: string): boolean {
    return callId.startsWith(this.#prefix);
  }

  get ready(): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
    if (!this.#passed) return { ok: false, reason: "no OPTIONS to itself has passed yet" };
    if (this.#failures < FAILURES || !this.#anotherPasses()) return { ok: true };
    return { ok: false, reason: "its own OPTIONS fail while those of another edge pass" };
  }

  get failures(): number {
    return this.#failures;
  }

  stop(): void {
    this.#stopped = true;
    this.#pending?.timeout.cancel();
    this.#next?.cancel();
    this.#listening.close();
  }

  #check(): void {
    const { own, clock, random, send, timeout } = this.#options;
    const place = own();
    if (place === undefined) {
      this.#schedule();
      return;
    }
    const { local, transport } = place;
    const callId = this.#prefix + random.token(16);
    this.#pending = { callId, timeout: clock.after(timeout, () => this.#finish(false, "no answer")) };
    const at = hostPort(local.address, local.port);
    const uri = `sip:${at};transport=${transport}`;
    const via = `SIP/2.0/${transport.toUpperCase()} ${at};branch=z9hG4bK${random.token(16)};rport`;
    send(
      request({
        method: "OPTIONS",
        uri,
        via,
        from: `<sip:edge@${at}>;tag=${random.token(10)}`,
        to: `<${uri}>`,
        callId,
        cseq: 1,
      }),
      transport,
      local,
    );
  }

  #finish(ok: boolean, outcome: number | string): void {
    const { bus, edge, log, outcomes } = this.#options;
    this.#pending?.timeout.cancel();
    this.#pending = undefined;
    this.#failures = ok ? 0 : this.#failures + 1;
    if (ok && !this.#passed) log.info({ edge }, "the edge is ready: its OPTIONS to itself has passed");
    if (this.#passed && this.#failures === FAILURES) log.warn({ edge, outcome }, "the edge's OPTIONS to itself fail");
    this.#passed ||= ok;
    outcomes.with({ outcome: ok ? "passed" : "failed" }).add();
    bus.signal(healthSubject, Buffer.from(JSON.stringify({ edge, ok })));
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { clock, interval } = this.#options;
    this.#next = clock.after(this.#passed ? interval : Math.min(interval, EAGER), () => this.#check());
  }

  #anotherPasses(): boolean {
    const { clock, interval, stays, timeout } = this.#options;
    const oldest = clock.now() - 2 * (interval + timeout);
    for (const [edge, { ok, at }] of this.#others) {
      if (at < oldest) this.#others.delete(edge);
      else if (ok && stays(edge)) return true;
    }
    return false;
  }

  #heard(payload: Uint8Array): void {
    let told: { edge?: unknown; ok?: unknown };
    try {
      told = JSON.parse(Buffer.from(payload).toString());
    } catch {
      // Another release may say it otherwise.
      return;
    }
    if (typeof told.edge !== "string" || told.edge === this.#options.edge) return;
    this.#others.set(told.edge, { ok: told.ok === true, at: this.#options.clock.now() });
  }
}
