import type { Sighting } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

interface Seen {
  readonly kind: "2xx" | "ACK";
  /** The answer: its call, CSeq and tag. */
  readonly key: string;
  readonly callId: string;
  readonly tag: string;
  came: number;
  left: number;
}

/**
 * Every 2xx to an INVITE that reaches the platform leaves it upstream, each time that it comes (RFC 3261 §16.7 item 5),
 * and every ACK for one leaves it downstream (§16.11).
 *
 * @param forgetful an owner of calls goes: what comes until that is noticed is lost, and its sender says it again
 * @param gone whether the phone at an address stopped working meanwhile: nothing can be sent over its connection
 */
export function every2xx(isPlatform: IsPlatform, gone: (address: string) => boolean, forgetful = false): Check {
  const seen = new Map<string, Seen>();
  /** Calls, and answers to them, of a phone that is gone. */
  const excused = new Set<string>();

  /** Calls that were hung up: where their ACK got lost with a server of the broker, the answer is not said again. */
  const hungUp = new Set<string>();

  function see({ what, from, to, message }: Sighting): void {
    if (message.kind === "request" && message.method === "BYE" && what === "sent") hungUp.add(message.callId);
    if (message.cseq.method !== "INVITE" && message.cseq.method !== "ACK") return;
    if (isPlatform(from.address) === isPlatform(to.address)) return;
    const came = what === "delivered" && isPlatform(to.address);
    const left = what === "sent" && isPlatform(from.address);
    if (!came && !left) return;
    const kind = message.kind === "request" ? "ACK" : "2xx";
    const tag = message.to.tag ?? "";
    const key = `${message.callId} ${message.cseq.number} ${tag}`;
    // A caller that is gone cannot be told, whoever answers.
    if (message.kind === "request" && message.cseq.method === "INVITE" && came && gone(from.address)) {
      excused.add(message.callId);
    }
    // An ACK for a refusal goes no further than the next hop, and answers no 2xx.
    if (kind === "ACK" && (message.cseq.method !== "ACK" || !seen.has(`2xx ${key}`))) return;
    if (message.kind === "response" && (message.status < 200 || message.status > 299)) return;
    if (came && gone(from.address)) excused.add(key);
    const one = seen.get(`${kind} ${key}`) ?? { kind, key, callId: message.callId, tag, came: 0, left: 0 };
    seen.set(`${kind} ${key}`, one);
    if (came) one.came++;
    else one.left++;
  }

  function verdict(): Violation[] {
    return [...seen.values()]
      .filter(
        ({ came, left, callId, key }) => left < (forgetful ? 1 : came) && !excused.has(callId) && !excused.has(key),
      )
      .filter(({ kind, callId }) => !(forgetful && kind === "ACK" && hungUp.has(callId)))
      .map(({ kind, callId, tag, came, left }) => ({
        rule: "every 2xx and its ACK are forwarded",
        what: `of ${came} ${kind} that came, ${left} left (${tag})`,
        callId,
      }));
  }

  return { see, verdict };
}
