import { type Sighting, transactionOf } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

/** 64·T1. */
const LIFE = 32_000;

/** RFC 4320 §4: a non-INVITE request that timed out gets no answer, never a 408, and nothing when its time is over. */
export function noLateAnswers(isPlatform: IsPlatform): Check {
  const arrived = new Map<string, number>();
  const violations: Violation[] = [];

  function see(sighting: Sighting): void {
    const { at, what, from, to, message } = sighting;
    if (message.cseq.method === "INVITE" || message.cseq.method === "ACK") return;
    const key = transactionOf(sighting);
    if (message.kind === "request") {
      if (what === "delivered" && isPlatform(to.address) && !isPlatform(from.address) && !arrived.has(key)) {
        arrived.set(key, at);
      }
      return;
    }
    if (what !== "sent" || message.status < 200 || !isPlatform(from.address) || isPlatform(to.address)) return;
    const { callId, status, cseq } = message;
    const rule = "no answer to a non-INVITE that timed out";
    if (status === 408) violations.push({ rule, what: `408 to ${cseq.method}`, callId });
    const age = at - (arrived.get(key) ?? at);
    // Retransmissions of an answer that was given in time may come until the client has given up as well.
    if (age > 2 * LIFE) violations.push({ rule, what: `${status} to ${cseq.method} after ${age} ms`, callId });
  }

  return { see, verdict: () => violations };
}
