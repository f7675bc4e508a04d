import { isHeld } from "./expiry.ts";
import type { Ports } from "./ports.ts";
import type { Sessions } from "./sessions.ts";

/** Calls shown at most; the rest is counted. */
const SHOWN = 1000;

/** What `GET /state` shows of the relay. */
export function liveState(sessions: Sessions, ports: Ports, now: number): object {
  const calls: unknown[] = [];
  for (const { name, media } of sessions.all()) {
    if (calls.length >= SHOWN) break;
    calls.push({
      ...name,
      seconds: Math.floor((now - media.began) / 1000),
      legs: media.state.legs.map((leg) => ({
        branch: leg.branch,
        calleeTag: leg.calleeTag,
        answered: leg.agreed !== undefined,
        held: isHeld(leg),
      })),
      streams: media.reports().map((report) => ({
        ...report,
        packets: Number(report.packets),
        octets: Number(report.octets),
        lost: Number(report.lost),
      })),
    });
  }
  return { sessions: sessions.size, ports: ports.state(), calls };
}
