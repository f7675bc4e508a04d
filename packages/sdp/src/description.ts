import { SdpError } from "./error.ts";
import { type Line, splitLines } from "./line.ts";

/** The session section or one media section: its lines in their order. */
export type Section = readonly Line[];

/** A session description (RFC 8866 §5): lines before the first `m=`, then a section for each `m=`. */
export interface SessionDescription {
  readonly session: Section;
  readonly media: readonly Section[];
}

/** What is taken from a stranger at most. */
export interface SdpLimits {
  readonly octets: number;
  readonly media: number;
}

export const defaultLimits: SdpLimits = { octets: 65_535, media: 32 };

/**
 * Reads a session description from latin1 text (one character is one byte). No line is lost or changed:
 * `serialise(parse(text)) === text`.
 *
 * @throws SdpError `not-sdp` where it does not start with `v=`, `too-long`, `too-many-media`
 */
export function parse(text: string, limits: SdpLimits = defaultLimits): SessionDescription {
  if (text.length > limits.octets) {
    throw new SdpError(
      "too-long",
      `a session description of ${text.length} octets; at most ${limits.octets} are taken`,
    );
  }
  const lines = splitLines(text);
  if (lines[0]?.type !== "v")
    throw new SdpError("not-sdp", "a session description starts with v= (RFC 8866 section 5)");
  const session: Line[] = [];
  const media: Line[][] = [];
  let section = session;
  for (const line of lines) {
    if (line.type === "m") {
      section = [];
      media.push(section);
      if (media.length > limits.media) {
        throw new SdpError("too-many-media", `more than ${limits.media} media sections`);
      }
    }
    section.push(line);
  }
  return { session, media };
}

/** The description as latin1 text. */
export function serialise(description: SessionDescription): string {
  let text = "";
  for (const section of [description.session, ...description.media]) {
    for (const line of section) {
      // The last line may have come without an ending: what follows it now must not run into it.
      if (text !== "" && !text.endsWith("\n")) text += "\r\n";
      text += line.raw;
    }
  }
  return text;
}
