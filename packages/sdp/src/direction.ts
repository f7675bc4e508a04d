import { attributeName } from "./attribute.ts";
import type { Section } from "./description.ts";

/** Which way media flows, seen from who sent the description (RFC 8866 §6.7). */
export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

const directions: ReadonlySet<string> = new Set<Direction>(["sendrecv", "sendonly", "recvonly", "inactive"]);

function ownDirection(section: Section): Direction | undefined {
  const line = section.find((candidate) => directions.has(attributeName(candidate)));
  return line === undefined ? undefined : (attributeName(line) as Direction);
}

/** The section's direction, else the session's, else sendrecv. */
export function directionOf(media: Section, session: Section): Direction {
  return ownDirection(media) ?? ownDirection(session) ?? "sendrecv";
}
