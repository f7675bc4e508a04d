import type { Clock } from "@sipmesh/environment";
import { deadlineExceeded, withDeadline } from "./deadline.ts";
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

  /** Runs the handler. Settles within the deadline, with the reply or an RpcError. */
  async answer({ method, handle }: Served, request: unknown, call: Call): Promise<unknown> {
    const started = this.#clock.now();
    try {
      if (!(call.deadline > 0)) throw deadlineExceeded(method.path, call.deadline);
      const reply = handle(request, call);
      const settled = isThenable(reply) ? await withDeadline(this.#clock, reply, call.deadline, method.path) : reply;
      this.#observer?.served(method.path, Code.Ok, this.#clock.now() - started);
      return settled;
    } catch (thrown) {
      if (!(thrown instanceof RpcError)) this.#observer?.failed(method.path, thrown);
      const error = RpcError.from(thrown);
      this.#observer?.served(method.path, error.code, this.#clock.now() - started);
      throw error;
    }
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
