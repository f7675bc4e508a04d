/** The gRPC status codes that calls end with (https://grpc.io/docs/guides/status-codes/). */
export const Code = {
  Ok: 0,
  Cancelled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** A call that ended without a reply. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** A gRPC status code. */
  readonly code: number;

  constructor(code: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /** The one funnel for what a handler threw: an `RpcError` stays what it is, all else is INTERNAL. */
  static from(thrown: unknown): RpcError {
    if (thrown instanceof RpcError) return thrown;
    return new RpcError(Code.Internal, thrown instanceof Error ? thrown.message : String(thrown), thrown);
  }
}
