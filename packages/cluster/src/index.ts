export type { Address, Cluster, Instance, Listener, Member, Membership } from "./cluster.ts";
export type { Sealer } from "./sealer.ts";
