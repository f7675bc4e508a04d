/** What a message may be at most. Beyond it, it is answered 400 or 413, or its connection is closed. */
export interface Limits {
  /** Bytes of start line and header fields. */
  readonly head: number;
  /** Number of header field lines. */
  readonly fields: number;
  /** Bytes of the body. */
  readonly body: number;
}

export const defaultLimits: Limits = { head: 32_768, fields: 500, body: 262_144 };
