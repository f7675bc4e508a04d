import type { Sighting } from "../sip-tap.ts";
import type { Check, IsPlatform, Violation } from "./check.ts";

interface Seen {
  readonly callId: string;
  readonly tag: string;
  came: number;
  left: number;
}

/** Every 2xx to an INVITE that reaches the platform leaves it upstream, each time that it comes (RFC 3261 §16.7 item 5). */
export function every2xx(isPlatform: IsPlatform): Check {
  const seen = new Map<string, Seen>();

  function see({ what, from, to, message }: Sighting): void {
    if (message.kind !== "response" || message.status < 200 || message.status > 299) return;
    if (message.cseq.method !== "INVITE" || isPlatform(from.address) === isPlatform(to.address)) return;
    const came = what === "delivered" && isPlatform(to.address);
    const left = what === "sent" && isPlatform(from.address);
    if (!came && !left) return;
    const tag = message.to.tag ?? "";
    const key = `${message.callId} ${message.cseq.number} ${tag}`;
    const one = seen.get(key) ?? { callId: message.callId, tag, came: 0, left: 0 };
    seen.set(key, one);
    if (came) one.came++;
    else one.left++;
  }

  function verdict(): Violation[] {
    return [...seen.values()]
      .filter(({ came, left }) => left < came)
      .map(({ callId, tag, came, left }) => ({
        rule: "every 2xx is forwarded",
        what: `of ${came} 2xx from ${tag} that came, ${left} left`,
        callId,
      }));
  }

  return { see, verdict };
}
