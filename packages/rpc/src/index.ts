export { Code, RpcError } from "./error.ts";
export type { Call, CallOptions, Client, Handlers, Method, ReplyOf, RequestOf, Rpc, RpcObserver } from "./rpc.ts";
