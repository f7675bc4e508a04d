import type { SessionDescription } from "./description.ts";
import { SdpError } from "./error.ts";
import { withValue } from "./line.ts";

/** An `o=` line (RFC 8866 §5.2): who made the session, and which version of it this is. */
export interface Origin {
  readonly username: string;
  readonly sessionId: string;
  readonly version: bigint;
  /** "IN IP4 192.0.2.1" */
  readonly host: string;
}

const ORIGIN = /^(\S+) +(\S+) +(\d{1,20}) +(\S+ +\S+ +\S+) *$/;

/** @throws SdpError `bad-origin-line` where there is none or it is malformed */
export function originOf(description: SessionDescription): Origin {
  const line = description.session.find((candidate) => candidate.type === "o");
  const [, username, sessionId, version, host] = (line === undefined ? null : ORIGIN.exec(line.value)) ?? [];
  if (username === undefined || sessionId === undefined || version === undefined || host === undefined) {
    throw new SdpError("bad-origin-line", "no o= line of the form of RFC 8866 section 5.2");
  }
  return { username, sessionId, version: BigInt(version), host };
}

/** The description with another version in its `o=` line; the rest of the line stays as it is. */
export function withVersion(description: SessionDescription, version: bigint): SessionDescription {
  return {
    session: description.session.map((line) =>
      line.type === "o"
        ? withValue(
            line,
            line.value.replace(/^(\S+ +\S+ +)\d+/, (_, before: string) => `${before}${version}`),
          )
        : line,
    ),
    media: description.media,
  };
}
