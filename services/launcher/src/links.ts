import { lookup } from "node:dns/promises";
import { hostname } from "node:os";
import { type Config, secret, section } from "@sipmesh/config";
import type { BrokerSettings, RpcSettings } from "@sipmesh/runtime";
import { systemNetwork } from "@sipmesh/transport";
import { z } from "zod";

const natsSection = section(
  "nats",
  z.strictObject({
    servers: z
      .array(z.string().regex(/^(?:nats|tls):\/\/[^\s@]+$/, "a URL such as nats://10.0.0.5:4222, without a password"))
      .default([])
      .describe("Servers that join the processes of a platform; none: this process is the whole platform."),
    user: z.string().optional().describe("User name."),
    password: secret(z.string()).optional().describe("Its password."),
    token: secret(z.string()).optional().describe("Instead of user and password."),
    credentials: z.string().optional().describe("A file of credentials (JWT and key seed), instead of those."),
    replicas: z
      .union([z.literal(1), z.literal(3), z.literal(5)])
      .default(1)
      .describe("Servers that keep each binding: 1, 3 or 5."),
  }),
);

const rpcSection = section(
  "rpc",
  z.strictObject({
    address: z
      .union([z.ipv4(), z.ipv6()])
      .optional()
      .describe("Address on which other processes are answered (gRPC); unless set the one that faces NATS."),
    port: z.int().min(0).max(65_535).default(0).describe("Its port; 0 for any that is free."),
    advertise: z
      .union([z.ipv4(), z.ipv6()])
      .optional()
      .describe("Address that the other processes are told, where it is another."),
  }),
);

const clusterSection = section(
  "cluster",
  z.strictObject({
    node: z
      .string()
      .min(1)
      .optional()
      .describe("Machine or Kubernetes node that this process runs on; unless set the host's name."),
  }),
);

/** How processes find and reach one another. */
export const linkSections = [natsSection, rpcSection, clusterSection] as const;

export interface Links {
  readonly node: string;
  readonly nats?: BrokerSettings;
  readonly rpc?: RpcSettings;
}

/** What the configuration says of other processes; without NATS servers there are none. */
export async function linksOf(config: Config): Promise<Links> {
  const nats = config.of(natsSection);
  const node = config.of(clusterSection).node ?? hostname();
  const [first] = nats.servers;
  if (first === undefined) return { node };
  const { address, port, advertise } = config.of(rpcSection);
  return { node, nats, rpc: { address: address ?? (await addressFacing(first)), port, advertise } };
}

/** The local address from which a server is reached; all addresses where its name says nothing yet. */
async function addressFacing(server: string): Promise<string> {
  try {
    const { address } = await lookup(new URL(server).hostname.replace(/^\[|\]$/g, ""));
    return systemNetwork().localAddressToward(address);
  } catch {
    return "0.0.0.0";
  }
}
