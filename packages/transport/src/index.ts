export { BindError, type BindProblem } from "./bind-error.ts";
export type {
  Connection,
  ConnectionHandlers,
  ConnectOptions,
  Listener,
  ListenOptions,
  Network,
  UdpOptions,
  UdpSocket,
} from "./network.ts";
export { type AddressRecord, type NamingRecord, ResolveError, type Resolver, type ServiceRecord } from "./resolver.ts";
export { systemNetwork } from "./system-network.ts";
