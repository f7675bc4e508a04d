/** Why a session description cannot be worked on. `code` is stable; the message is for people. */
export type SdpProblem =
  | "not-sdp"
  | "too-long"
  | "too-many-media"
  | "bad-media-line"
  | "bad-connection-line"
  | "bad-origin-line"
  | "media-count-differs";

/** A session description that cannot be worked on: its sender gets 488 (RFC 3261 §21.4.26) or 400. */
export class SdpError extends Error {
  readonly code: SdpProblem;

  constructor(code: SdpProblem, message: string) {
    super(message);
    this.name = "SdpError";
    this.code = code;
  }
}
