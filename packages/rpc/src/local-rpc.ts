import type { Clock } from "@sipmesh/environment";
import { Code, RpcError } from "./error.ts";
import type { CallOptions, Client, Handlers, Rpc, RpcObserver } from "./rpc.ts";
import { type AnyMethod, Services, servedBy } from "./services.ts";

/** How a call reaches a service that is not in this process. */
export interface Remote {
  call(service: string, method: AnyMethod, request: unknown, options: CallOptions): Promise<unknown>;
  /** A client of the service was made: its peers may be connected to. */
  wanted(service: string): void;
  close(): Promise<void>;
}

export interface RpcOptions {
  readonly clock: Clock;
  /** This process as presence tells it. */
  readonly instance: string;
  readonly observer?: RpcObserver | undefined;
}

/** Calls that stay in the process where the service is in it, and take `remote` otherwise. */
export function rpcOver(options: RpcOptions, services: Services, remote: Remote): Rpc {
  const { clock, instance, observer } = options;

  function call(service: string, method: AnyMethod, request: unknown, how: CallOptions): Promise<unknown> {
    const served = how.instance === undefined || how.instance === instance ? services.get(method.path) : undefined;
    if (served === undefined) return callRemote(service, method, request, how);
    try {
      const reply = services.answer(served, request, how, true);
      return reply instanceof Promise ? reply : Promise.resolve(reply);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async function callRemote(service: string, method: AnyMethod, request: unknown, how: CallOptions): Promise<unknown> {
    const started = clock.now();
    try {
      const reply = await remote.call(service, method, request, how);
      observer?.called(method.path, Code.Ok, clock.now() - started, "stream");
      return reply;
    } catch (thrown) {
      const error = RpcError.from(thrown);
      observer?.called(method.path, error.code, clock.now() - started, "stream");
      throw error;
    }
  }

  return {
    serve<D extends object>(definition: D, handlers: Handlers<D>) {
      const served = servedBy(definition, handlers);
      services.add(served);
      return { close: () => services.remove(served) };
    },
    client<D extends object>(service: string, definition: D): Client<D> {
      remote.wanted(service);
      const methods = Object.entries(definition as Record<string, AnyMethod>).map(([name, method]) => [
        name,
        (request: unknown, how: CallOptions) => call(service, method, request, how),
      ]);
      return Object.fromEntries(methods) as Client<D>;
    },
    close: () => remote.close(),
  };
}

/** Calls within one process: the same handler, the same objects, nothing encoded. */
export function directRpc(options: RpcOptions): Rpc {
  const nobody: Remote = {
    async call(service, method, _request, { instance }) {
      const who = instance === undefined ? service : `the instance "${instance}"`;
      throw new RpcError(Code.Unavailable, `${method.path}: ${who} is not in this process, and nobody else is known`);
    },
    wanted() {},
    async close() {},
  };
  return rpcOver(options, new Services(options.clock, options.observer), nobody);
}
