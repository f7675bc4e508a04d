import { latin1 } from "@sipmesh/environment";
import { parse, sdpPart, streamsOf } from "@sipmesh/sdp";
import { Name } from "@sipmesh/sip";
import type { Sighting } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

/** Where media is always relayed, no phone is told where the other one is: each stream leads to the platform. */
export function relayedMedia(isPlatform: IsPlatform): Check {
  const violations: Violation[] = [];
  /** Calls that ended: an ACK that their BYE has overtaken describes media that is no more. */
  const ended = new Set<string>();

  function see({ what, from, to, message }: Sighting): void {
    if (message.cseq.method === "BYE") ended.add(message.callId);
    if (message.cseq.method === "ACK" && ended.has(message.callId)) return;
    if (what !== "sent" || !isPlatform(from.address) || isPlatform(to.address) || message.body.length === 0) return;
    const part = sdpPart(message.first(Name.ContentType) ?? "", message.body);
    if (part === undefined) return;
    for (const { media } of streamsOf(parse(latin1.decode(message.body, part.start, part.end)))) {
      if (media === undefined || isPlatform(media.address)) continue;
      const which = message.kind === "request" ? message.method : String(message.status);
      const problem = `${which} (${message.cseq.method}) leads media to ${media.address}`;
      violations.push({ rule: "media is relayed", what: problem, callId: message.callId });
    }
  }

  return { see, verdict: () => violations };
}
