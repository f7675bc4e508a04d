import { type Sighting, transactionOf } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

/** A CANCEL that reached the platform. */
interface Cancel {
  readonly callId: string;
  answered: boolean;
  /** Its INVITE was answered 487 while it was not answered itself. */
  overtaken: boolean;
}

/**
 * A CANCEL is answered before the INVITE that it ends (RFC 3261 §9.2, §16.10): its caller waits for the 200 to the one
 * before the 487 to the other.
 *
 * @param gone whether the phone at an address stopped working meanwhile: nothing can be sent over its connection
 */
export function cancelAnswers(isPlatform: IsPlatform, gone: (address: string) => boolean): Check {
  const cancels = new Map<string, Cancel>();

  function see(sighting: Sighting): void {
    const { what, from, to, message } = sighting;
    if (message.kind === "request") {
      const came = what === "delivered" && isPlatform(to.address) && !isPlatform(from.address);
      const key = transactionOf(sighting);
      if (message.method !== "CANCEL" || !came || gone(from.address) || cancels.has(key)) return;
      cancels.set(key, { callId: message.callId, answered: false, overtaken: false });
      return;
    }
    if (what !== "sent" || message.status < 200 || !isPlatform(from.address) || isPlatform(to.address)) return;
    const cancel = cancels.get(transactionOf(sighting).replace(/ INVITE$/, " CANCEL"));
    if (cancel === undefined) return;
    if (message.cseq.method === "CANCEL") cancel.answered = true;
    else if (message.status === 487 && !cancel.answered) cancel.overtaken = true;
  }

  function verdict(): Violation[] {
    return [...cancels.values()]
      .filter(({ answered, overtaken }) => !answered || overtaken)
      .map(({ callId, answered }) => ({
        rule: "a CANCEL is answered before its INVITE",
        what: answered ? "the 487 to the INVITE came first" : "it was not answered",
        callId,
      }));
  }

  return { see, verdict };
}
