import type { VirtualClock } from "@sipmesh/environment/testing";
import { type Call, type CallOptions, type Client, Code, type Handlers, type Rpc, RpcError } from "@sipmesh/rpc";
import type { SeededRandom } from "./seeded-random.ts";

type Handler = (request: unknown, call: Call) => unknown;

/** Calls between simulated processes: direct within one, with delay between two. */
export class VirtualExchange {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  /** By process, then by the method's path. */
  readonly #served = new Map<string, Map<string, Handler>>();

  /** Who is cut off. */
  readonly #cut = new Set<string>();

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  attach(process: string): Rpc {
    const own = new Map<string, Handler>();
    this.#served.set(process, own);
    return {
      serve: <D extends object>(definition: D, handlers: Handlers<D>) => {
        const methods = Object.entries(definition as Record<string, { path: string }>);
        for (const [name, { path }] of methods) {
          own.set(path, (request, call) => (handlers as Record<string, Handler>)[name]?.(request, call));
        }
        return { close: () => methods.forEach(([, { path }]) => void own.delete(path)) };
      },
      client: <D extends object>(_service: string, definition: D) =>
        Object.fromEntries(
          Object.entries(definition as Record<string, { path: string }>).map(([name, { path }]) => [
            name,
            (request: unknown, options: CallOptions) => this.#call(process, path, request, options),
          ]),
        ) as Client<D>,
      close: async () => this.detach(process),
    };
  }

  /** Cuts a process off from all others, or joins it to them again; calls run into their deadline. */
  cut(process: string, off: boolean): void {
    if (off) this.#cut.add(process);
    else this.#cut.delete(process);
  }

  /** The process is gone; calls to it run into their deadline. */
  detach(process: string): void {
    this.#served.delete(process);
  }

  async #call(from: string, path: string, request: unknown, options: CallOptions): Promise<unknown> {
    const to = this.#choose(from, path, options);
    if (to === undefined) throw new RpcError(Code.Unavailable, `nobody serves ${path}`);
    const call = { trace: options.trace, deadline: options.deadline };
    let late: { cancel(): void } | undefined;
    const deadline = new Promise<never>((_, reject) => {
      const error = new RpcError(Code.DeadlineExceeded, `${path}: no reply in ${options.deadline} ms`);
      late = this.#clock.after(options.deadline, () => reject(error));
    });
    try {
      return await Promise.race([deadline, this.#run(from, to, path, request, call)]);
    } catch (error) {
      throw RpcError.from(error);
    } finally {
      late?.cancel();
    }
  }

  async #run(from: string, to: string, path: string, request: unknown, call: Call): Promise<unknown> {
    if (from !== to) await this.#travel(from, to);
    const handler = this.#served.get(to)?.get(path);
    if (handler === undefined) return new Promise(() => {});
    const reply = await handler(request, call);
    if (from !== to) await this.#travel(from, to);
    return reply;
  }

  #travel(from: string, to: string): Promise<void> {
    return new Promise((resolve) =>
      this.#clock.after(this.#random.between(0.1, 3), () => {
        if (!this.#cut.has(from) && !this.#cut.has(to)) resolve();
      }),
    );
  }

  #choose(from: string, path: string, { instance, key }: CallOptions): string | undefined {
    const able = [...this.#served].filter(([, methods]) => methods.has(path)).map(([process]) => process);
    if (instance !== undefined) return able.find((process) => process === instance);
    if (able.includes(from)) return from;
    if (key === undefined) return able.length === 0 ? undefined : this.#random.pick(able);
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) >>> 0;
    return able[hash % Math.max(able.length, 1)];
  }
}
