import { isUnspecified } from "./address.ts";
import { attributeName } from "./attribute.ts";
import { addressOf, connectionValue } from "./connection.ts";
import type { Section, SessionDescription } from "./description.ts";
import { SdpError } from "./error.ts";
import { type Line, newLine, withValue } from "./line.ts";
import { withPort } from "./media-line.ts";

/** Where the relay receives a stream in place of who sent the description. */
export interface RelayPlace {
  readonly address: string;
  readonly port: number;
  /** Where it receives RTCP: the odd port beside, or the same one with RFC 5761. */
  readonly rtcpPort: number;
}

/**
 * ICE (RFC 8839) would lead the peers past the relay, or on to ports that it does not have; a BUNDLE group (RFC 9143)
 * would put all streams on one of the relay's ports.
 */
const iceAttributes: ReadonlySet<string> = new Set([
  "candidate",
  "remote-candidates",
  "end-of-candidates",
  "ice-ufrag",
  "ice-pwd",
  "ice-options",
  "ice-lite",
  "ice-mismatch",
  "ice-pacing",
]);

function leadsPast(line: Line): boolean {
  const name = attributeName(line);
  return (
    iceAttributes.has(name) || name === "bundle-only" || (name === "group" && line.value.startsWith("group:BUNDLE"))
  );
}

/** RFC 8866 §5: in a media section `c=` comes after `m=` and `i=`. */
function placeOfConnection(section: Section): number {
  return section[1]?.type === "i" ? 2 : 1;
}

/** The address that is told: "send me nothing" of RFC 2543 stays what it says (RFC 3264 §8.4). */
function toldAddress(received: string | undefined, ours: string): string {
  if (received === undefined || !isUnspecified(received)) return ours;
  return ours.includes(":") ? "::" : "0.0.0.0";
}

function relayedSection(section: Section, inherited: string | undefined, place: RelayPlace, told: string): Line[] {
  const own = addressOf(section);
  const address = toldAddress(own ?? inherited, place.address);
  const lines: Line[] = [];
  for (const line of section) {
    if (leadsPast(line)) continue;
    if (line.type === "m") lines.push(withValue(line, withPort(line.value, place.port)));
    else if (line.type === "c") lines.push(withValue(line, connectionValue(address)));
    else if (attributeName(line) === "rtcp") lines.push(withValue(line, `rtcp:${place.rtcpPort}`));
    else lines.push(line);
  }
  if (own === undefined && address !== told) {
    lines.splice(placeOfConnection(lines), 0, newLine("c", connectionValue(address)));
  }
  return lines;
}

/** A section that is not relayed keeps the address that it had, also where it came from the session. */
function untouchedSection(section: Section, inherited: string | undefined, told: string | undefined): Section {
  if (inherited === undefined || inherited === told || addressOf(section) !== undefined) return section;
  const lines = [...section];
  lines.splice(placeOfConnection(section), 0, newLine("c", connectionValue(inherited)));
  return lines;
}

/**
 * The description with the relay's addresses and ports in place of its sender's: `c=`, `m=` and `a=rtcp` lines
 * rewritten, ICE and BUNDLE taken out; every other line as it came. `places` has one entry for each media section;
 * undefined leaves that one as it is (refused, or carried by something else than datagrams).
 *
 * @throws SdpError `media-count-differs`
 */
export function relayed(
  description: SessionDescription,
  places: readonly (RelayPlace | undefined)[],
): SessionDescription {
  if (places.length !== description.media.length) {
    throw new SdpError("media-count-differs", `${places.length} places for ${description.media.length} media sections`);
  }
  const first = places.find((place) => place !== undefined);
  if (first === undefined) return description;
  const inherited = addressOf(description.session);
  const told = inherited === undefined ? undefined : toldAddress(inherited, first.address);
  const session: Line[] = [];
  for (const line of description.session) {
    if (leadsPast(line)) continue;
    session.push(line.type === "c" && told !== undefined ? withValue(line, connectionValue(told)) : line);
  }
  const media = description.media.map((section, index) => {
    const place = places[index];
    return place === undefined
      ? untouchedSection(section, inherited, told)
      : relayedSection(section, inherited, place, told ?? "");
  });
  return { session, media };
}
