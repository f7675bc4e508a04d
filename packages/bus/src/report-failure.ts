import type { DropReason, Envelope } from "./bus.ts";

/** Tells who asked for it that a message will never be sent. */
export function reportFailure(
  envelope: Envelope,
  reason: DropReason,
  tell: (to: string, failure: Envelope) => void,
): void {
  if (envelope.kind !== "outbound" || !envelope.failureTo) return;
  tell(envelope.failureTo, {
    kind: "send-failure",
    key: envelope.failureKey ?? "",
    reason: REASONS[reason],
    callId: envelope.callId ?? "",
  });
}

const REASONS: Record<DropReason, string> = {
  away: "the edge cannot be reached",
  overflow: "too much waits to be sent to the edge",
  "too-large": "the message is larger than the bus carries",
};
