export { Code, RpcError } from "./error.ts";
export { directRpc, type RpcOptions } from "./local-rpc.ts";
export type { Call, CallOptions, Client, Handlers, Method, ReplyOf, RequestOf, Rpc, RpcObserver } from "./rpc.ts";
