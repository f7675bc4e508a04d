import { Code, RpcError } from "./error.ts";

export function deadlineExceeded(path: string, milliseconds: number): RpcError {
  return new RpcError(Code.DeadlineExceeded, `${path}: no reply within ${milliseconds} ms`);
}
