import { type Sighting, transactionOf } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

/** 64·T1: a phone from which nothing was heard for so long was given up; nobody can know that it rings. */
const GIVEN_UP = 32_000;
/** What a CANCEL and the answer to it may take: 64·T1 for a phone that does not answer, and some to spare. */
const GRACE = 40_000;

interface Ringing {
  readonly callId: string;
  readonly since: number;
  cancelled: boolean;
  over: number | undefined;
  /** Its INVITE came once, as a datagram: nobody kept it, and its sender could not say it again. */
  once: boolean;
}

/**
 * Nobody rings beyond the bound: a phone that answered provisionally is cancelled by then, and the caller has a final
 * response soon after.
 *
 * @param bound milliseconds that a phone may ring
 * @param gone whether the phone at an address stopped working meanwhile: no CANCEL can reach it
 * @param forgetful an owner of calls goes: what comes until that is noticed is lost, so that whose datagram
 *   came only once need not be answered
 */
export function ringBound(
  isPlatform: IsPlatform,
  bound: number,
  gone: (address: string) => boolean,
  forgetful = false,
): Check {
  const upstream = new Map<string, Ringing>();
  const downstream = new Map<string, Ringing>();
  /** When the platform sent an INVITE first. */
  const sent = new Map<string, number>();

  function see(sighting: Sighting): void {
    const { at, what, transport, from, to, message } = sighting;
    if (isPlatform(from.address) === isPlatform(to.address)) return;
    const key = transactionOf(sighting);
    const { callId } = message;
    if (message.cseq.method === "CANCEL") {
      const invite = downstream.get(key.replace(/CANCEL$/, "INVITE"));
      if (invite !== undefined && what === "sent" && isPlatform(from.address)) invite.cancelled = true;
      return;
    }
    if (message.cseq.method !== "INVITE") return;
    if (message.kind === "request") {
      if (what === "sent" && isPlatform(from.address) && !sent.has(key)) sent.set(key, at);
      if (what === "delivered" && isPlatform(to.address)) {
        const known = upstream.get(key);
        if (known !== undefined) known.once = false;
        else upstream.set(key, { callId, since: at, cancelled: false, over: undefined, once: transport === "udp" });
      }
      return;
    }
    if (what === "delivered" && isPlatform(to.address)) {
      if (gone(from.address)) return;
      if (!downstream.has(key) && at - (sent.get(key) ?? at) > GIVEN_UP) return;
      const known = downstream.get(key) ?? { callId, since: at, cancelled: false, over: undefined, once: false };
      downstream.set(key, known);
      if (message.status >= 200) known.over ??= at;
    }
    if (what === "sent" && isPlatform(from.address) && message.status >= 200) {
      const known = upstream.get(key);
      if (known !== undefined) known.over ??= at;
    }
  }

  function verdict(now: number): Violation[] {
    const violations: Violation[] = [];
    for (const { callId, since, over, once } of upstream.values()) {
      if (forgetful && once && over === undefined) continue;
      const took = (over ?? now) - since;
      if (took > bound + GRACE)
        violations.push({ rule: "ringing is bounded", what: `the caller waited ${took} ms`, callId });
    }
    for (const { callId, since, over, cancelled } of downstream.values()) {
      const took = (over ?? now) - since;
      if (took > bound + GRACE && !cancelled) {
        violations.push({ rule: "ringing is bounded", what: `a phone rang ${took} ms without CANCEL`, callId });
      }
    }
    return violations;
  }

  return { see, verdict };
}
