import { type Sighting, transactionOf } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

interface Finals {
  readonly callId: string;
  refusal: string | undefined;
  accepted: boolean;
}

/**
 * Each server transaction of the platform gives at most one final response other than 2xx, and none after a 2xx (RFC
 * 3261 §16.7 item 5); no provisional response follows a final one. A retransmission is the same response, byte for byte.
 *
 * @param forgotten what is not kept when an owner of calls goes, so that it is worked out anew when it comes again:
 *   "unproved", requests whose sender had proved nothing yet, which may be challenged anew; "requests", besides those all
 *   but INVITE, which may be answered otherwise
 */
export function finalResponses(
  isPlatform: IsPlatform,
  forgotten: "nothing" | "unproved" | "requests" = "nothing",
): Check {
  const finals = new Map<string, Finals>();
  const violations: Violation[] = [];

  function see(sighting: Sighting): void {
    const { what, from, to, message, text } = sighting;
    if (what !== "sent" || message.kind !== "response") return;
    if (!isPlatform(from.address) || isPlatform(to.address)) return;
    const { callId, status, cseq } = message;
    const key = transactionOf(sighting);
    const known = finals.get(key) ?? { callId, refusal: undefined, accepted: false };
    finals.set(key, known);
    if (forgotten === "requests" && cseq.method !== "INVITE") return;
    if (status < 200) {
      if (known.accepted || known.refusal !== undefined) wrong(`${status} after a final response`);
      return;
    }
    if (status < 300) {
      if (known.refusal !== undefined && cseq.method !== "INVITE") wrong("a 2xx after another final response");
      known.accepted = true;
      return;
    }
    if (forgotten !== "nothing" && (status === 401 || status === 407)) return;
    if (known.accepted) wrong(`${status} after a 2xx`);
    else if (known.refusal !== undefined && known.refusal !== text) wrong(`${status} as a second final response`);
    known.refusal = text;

    function wrong(problem: string): void {
      violations.push({ rule: "one final response", what: `${problem} (${cseq.method})`, callId });
    }
  }

  return { see, verdict: () => violations };
}
