import { Code, RpcError } from "@sipmesh/rpc";
import type { MediaErrorCode } from "./telemetry.ts";

const codes: Readonly<Record<MediaErrorCode, number>> = {
  "media-bad-sdp": Code.InvalidArgument,
  "media-no-offer": Code.NotFound,
  "media-too-many-legs": Code.ResourceExhausted,
  "media-too-many-sessions": Code.ResourceExhausted,
  "media-no-port": Code.ResourceExhausted,
  "media-no-address": Code.FailedPrecondition,
  "media-stopping": Code.Unavailable,
};

/** A verb that could not be done: a stable code for people and metrics, a gRPC status for the caller. */
export class MediaError extends RpcError {
  readonly reason: MediaErrorCode;

  constructor(reason: MediaErrorCode, message: string, cause?: unknown) {
    super(codes[reason], `${reason}: ${message}`, cause);
    this.reason = reason;
  }
}
