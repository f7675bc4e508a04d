import type { Clock } from "@sipmesh/environment";
import { Code, RpcError } from "./error.ts";

/** Settles as `work` does, but after `milliseconds` at the latest: then with DEADLINE_EXCEEDED. */
export function withDeadline<T>(clock: Clock, work: PromiseLike<T>, milliseconds: number, path: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = clock.after(milliseconds, () => reject(deadlineExceeded(path, milliseconds)));
    work.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error);
      },
    );
  });
}

export function deadlineExceeded(path: string, milliseconds: number): RpcError {
  return new RpcError(Code.DeadlineExceeded, `${path}: no reply within ${milliseconds} ms`);
}
