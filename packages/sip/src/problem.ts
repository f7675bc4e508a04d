/** Why a message is not accepted. */
export interface Problem {
  /** The SIP status to answer with; 0: drop (responses, and what is not SIP at all). */
  readonly status: number;
  /** The reason phrase of the answer: says what is wrong in words. */
  readonly reason: string;
  /** Stable and documented, for metrics and logs: `missing-call-id`. */
  readonly code: string;
}

/** A value that was asked for is malformed. Only reading of single values throws it; parsing and framing never do. */
export class MessageError extends Error {
  readonly problem: Problem;

  constructor(code: string, reason: string) {
    super(`${code}: ${reason}`);
    this.name = "MessageError";
    this.problem = { status: 400, reason, code };
  }
}

export const badRequest = (code: string, reason: string): Problem => ({ status: 400, reason, code });

/** The same finding about a response, or about what is no SIP: nobody is answered. */
export const dropped = (problem: Problem): Problem => ({ ...problem, status: 0 });
