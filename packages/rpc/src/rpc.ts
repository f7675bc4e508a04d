import type { TraceContext } from "@sipmesh/telemetry";

/** A unary method as ts-proto describes it for `@grpc/grpc-js`. */
export interface Method<Request = never, Reply = never> {
  readonly path: string;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (value: Reply) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Reply;
}

export type RequestOf<M> = M extends { readonly requestDeserialize: (bytes: Buffer) => infer R } ? R : never;
export type ReplyOf<M> = M extends { readonly responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

/** What a handler knows of the call besides its request. */
export interface Call {
  readonly trace?: TraceContext | undefined;
  /** Milliseconds that the caller will still wait, counted from when the handler was entered. */
  readonly deadline: number;
}

/** One function for each method. Throwing `RpcError` chooses the code that the caller sees; anything else is INTERNAL. */
export type Handlers<D> = {
  [M in keyof D]: (request: RequestOf<D[M]>, call: Call) => Promise<ReplyOf<D[M]>> | ReplyOf<D[M]>;
};

/** How a call is to be made. */
export interface CallOptions {
  /** Milliseconds that the caller waits; then DEADLINE_EXCEEDED. */
  readonly deadline: number;
  readonly trace?: TraceContext | undefined;
  /** That instance and no other; UNAVAILABLE where it is gone. */
  readonly instance?: string | undefined;
  /** Same key, same peer, for as long as the peers are the same. A service in this process is preferred to any peer. */
  readonly key?: string | undefined;
  /** Done twice it is as good as done once: where the peer goes away during the call, another one is asked. */
  readonly repeatable?: boolean | undefined;
}

/** Methods of a service, wherever it runs. They reject with `RpcError` and with nothing else. */
export type Client<D> = {
  [M in keyof D]: (request: RequestOf<D[M]>, options: CallOptions) => Promise<ReplyOf<D[M]>>;
};

/** Calls between services. */
export interface Rpc {
  /** Answers the methods of `definition` (a `*Service` constant of `@sipmesh/proto`). */
  serve<D extends object>(definition: D, handlers: Handlers<D>): { close(): void };
  /** @param service the target's name as presence tells it: "location" */
  client<D extends object>(service: string, definition: D): Client<D>;
  close(): Promise<void>;
}

/** What a client or server of calls tells its metrics. Absent: nobody counts. */
export interface RpcObserver {
  /** A call that this process made and that has ended. @param milliseconds 0 for a direct call: nobody measures it */
  called(path: string, code: number, milliseconds: number, route: "direct" | "stream"): void;
  /** A call that this process answered. */
  served(path: string, code: number): void;
  /** A handler that threw something other than an `RpcError`. */
  failed(path: string, error: unknown): void;
  peerLost(instance: string, reason: string): void;
  /** A peer that presence names has not been reached for some seconds. Told once, until it is reached. */
  peerUnreachable(instance: string, reason: string): void;
}
