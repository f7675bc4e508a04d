import { CallServer } from "./call-server.ts";
import { type RpcOptions, rpcOver } from "./local-rpc.ts";
import type { Peer } from "./peer-link.ts";
import { RemoteCalls } from "./remote-calls.ts";
import type { Handlers, Rpc } from "./rpc.ts";
import { IN_CLEAR, mutualTls, type RpcTls } from "./security.ts";
import { Services, servedBy } from "./services.ts";

export interface GrpcRpcOptions extends RpcOptions {
  /** Where to answer; port 0 takes any. */
  readonly listen: { readonly address: string; readonly port: number };
  /** Who answers a service now, as presence tells it; this process itself excepted. */
  readonly peers: (service: string) => readonly Peer[];
  /** Whether presence has heard of everybody. Until then a call for whom nobody is there waits, within its deadline. */
  readonly complete: () => boolean;
  /** Absent: calls travel in the clear, and nobody is asked who they are. */
  readonly tls?: RpcTls | undefined;
}

/** Calls that leave the process, besides those that stay in it. */
export interface GrpcRpc extends Rpc {
  /** Where it answers. */
  readonly port: number;
}

/**
 * Calls within this process directly, to others over one long-lived gRPC stream for each peer. A peer that is silent
 * for 2 s is dropped: its calls end with UNAVAILABLE, and those surely not sent, or repeatable, are tried with another,
 * or with the same one where it is reached again at once.
 *
 * @throws Error where the address cannot be bound
 */
export async function grpcRpc(options: GrpcRpcOptions): Promise<GrpcRpc> {
  const { clock, observer, listen, peers, complete, tls } = options;
  const security = tls === undefined ? IN_CLEAR : mutualTls(tls);
  const services = new Services(clock, observer);
  const server = new CallServer(services, clock, security);
  const port = await server.listen(listen.address, listen.port);
  const calls = rpcOver(options, services, new RemoteCalls({ clock, peers, complete, security, observer }));
  return {
    port,
    serve<D extends object>(definition: D, handlers: Handlers<D>) {
      const serving = calls.serve(definition, handlers);
      server.register(servedBy(definition, handlers));
      return serving;
    },
    client: calls.client,
    async close() {
      // What is still being answered may have to ask others.
      await server.close();
      await calls.close();
    },
  };
}
