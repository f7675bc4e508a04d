import type { Clock } from "@sipmesh/environment";
import { deadlineExceeded } from "./deadline.ts";
import { Code, RpcError } from "./error.ts";
import type { Call, Method, RpcObserver } from "./rpc.ts";

/** A method that this process answers. */
export interface Served {
  readonly method: AnyMethod;
  readonly handle: (request: unknown, call: Call) => unknown;
}

/** A method whose types have been checked where it was handed over. */
// biome-ignore lint/suspicious/noExplicitAny: bivariant on purpose
export type AnyMethod = Method<any, any>;

/** What this process answers, and how it is answered whoever asks. */
export class Services {
  readonly #clock: Clock;
  readonly #observer: RpcObserver | undefined;
  readonly #served = new Map<string, Served>();

  constructor(clock: Clock, observer: RpcObserver | undefined) {
    this.#clock = clock;
    this.#observer = observer;
  }

  /** @throws RangeError where a method is answered already */
  add(served: readonly Served[]): void {
    for (const { method } of served) {
      if (this.#served.has(method.path)) throw new RangeError(`${method.path} is served already`);
    }
    for (const one of served) this.#served.set(one.method.path, one);
  }

  remove(served: readonly Served[]): void {
    for (const one of served) {
      if (this.#served.get(one.method.path) === one) this.#served.delete(one.method.path);
    }
  }

  get(path: string): Served | undefined {
    return this.#served.get(path);
  }

  /**
   * Runs the handler. Gives the reply where the handler does, so that nobody waits for a turn of the event loop; else a
   * promise that settles within the deadline, with the reply or an RpcError.
   *
   * @param direct whether it is this process that calls
   * @throws RpcError
   */
  answer({ method: { path }, handle }: Served, request: unknown, call: Call, direct: boolean): unknown {
    let reply: unknown;
    try {
      if (!(call.deadline > 0)) throw deadlineExceeded(path, call.deadline);
      reply = handle(request, call);
    } catch (thrown) {
      throw this.#failed(path, thrown, direct);
    }
    if (isThenable(reply)) return this.#inTime(path, reply, call.deadline, direct);
    this.#tell(path, Code.Ok, direct);
    return reply;
  }

  #inTime(path: string, reply: PromiseLike<unknown>, deadline: number, direct: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let waiting = true;
      const fail = (thrown: unknown): void => {
        if (!waiting) return;
        waiting = false;
        timer.cancel();
        reject(this.#failed(path, thrown, direct));
      };
      const timer = this.#clock.after(deadline, () => fail(deadlineExceeded(path, deadline)));
      reply.then((value) => {
        if (!waiting) return;
        waiting = false;
        timer.cancel();
        this.#tell(path, Code.Ok, direct);
        resolve(value);
      }, fail);
    });
  }

  #failed(path: string, thrown: unknown, direct: boolean): RpcError {
    if (!(thrown instanceof RpcError)) this.#observer?.failed(path, thrown);
    const error = RpcError.from(thrown);
    this.#tell(path, error.code, direct);
    return error;
  }

  #tell(path: string, code: number, direct: boolean): void {
    this.#observer?.served(path, code);
    if (direct) this.#observer?.called(path, code, 0, "direct");
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** The methods of a definition with their handlers. */
export function servedBy(definition: object, handlers: object): Served[] {
  return Object.entries(definition as Record<string, AnyMethod>).map(([name, method]) => {
    const handler = (handlers as Record<string, unknown>)[name];
    if (typeof handler !== "function") throw new TypeError(`${method.path} has no handler`);
    return { method, handle: (request, call) => handler.call(handlers, request, call) };
  });
}
