import { parse, type SessionDescription, serialise } from "./description.ts";
import { originOf, withVersion } from "./origin.ts";

/** What one peer was last told, by its text. */
export interface Told {
  readonly text: string;
}

/**
 * The version that the receiver sees (RFC 3264 §8): the same as before where the description is the same as before,
 * greater where anything in it differs. It is the sender's own version as long as that obeys the rule; a relay that
 * gives other ports while its sender's description stays must count on by itself.
 *
 * @param told what this receiver was told before in the same dialog
 * @throws SdpError `bad-origin-line`
 */
export function continued(description: SessionDescription, told: Told | undefined): SessionDescription {
  const origin = originOf(description);
  if (told === undefined) return description;
  const before = originOf(parse(told.text));
  if (before.sessionId !== origin.sessionId || before.username !== origin.username) return description;
  const same = withVersion(description, before.version);
  if (serialise(same) === told.text) return same;
  return origin.version > before.version ? description : withVersion(description, before.version + 1n);
}
