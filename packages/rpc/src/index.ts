export { Code, RpcError } from "./error.ts";
export { type GrpcRpc, type GrpcRpcOptions, grpcRpc } from "./grpc-rpc.ts";
export { directRpc, type RpcOptions } from "./local-rpc.ts";
export type { Peer } from "./peer-link.ts";
export type { Call, CallOptions, Client, Handlers, Method, ReplyOf, RequestOf, Rpc, RpcObserver } from "./rpc.ts";
export type { RpcTls } from "./security.ts";
