export {
  type Address,
  addressesOf,
  type Cluster,
  type Instance,
  type Listener,
  type Member,
  type Membership,
  type Relay,
} from "./cluster.ts";
export { type KeyRing, openKeyRing } from "./key-ring.ts";
export type { Register, Signals } from "./register.ts";
export { Rendezvous } from "./rendezvous.ts";
export { type ClusterOptions, joinCluster } from "./running-cluster.ts";
export type { Sealer } from "./sealer.ts";
export { SipHash } from "./siphash.ts";
