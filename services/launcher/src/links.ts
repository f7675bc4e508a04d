import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { type Config, secret, section } from "@sipmesh/config";
import type { BrokerSettings, RpcSettings } from "@sipmesh/runtime";
import { systemNetwork } from "@sipmesh/transport";
import { z } from "zod";

const file = z.string().min(1);

/** Whether a server is to be trusted by its IP address, which TLS cannot check once a connection has begun in the clear. */
function byAddress(server: string, tls: boolean): boolean {
  return (tls || server.startsWith("tls:")) && isIP(new URL(server).hostname.replace(/^\[|\]$/g, "")) !== 0;
}

const natsSection = section(
  "nats",
  z
    .strictObject({
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
      tls: z
        .strictObject({
          name: z
            .string()
            .min(1)
            .optional()
            .describe(
              "Name that the servers' certificates bear; unless set the one in the URL, which is no IP address then.",
            ),
          ca: file.optional().describe("Certificates of the authorities that are trusted; unless set Node.js's own."),
          certificate: file.optional().describe("Our certificate, where the servers ask for one."),
          key: file.optional().describe("Its private key."),
          first: z
            .boolean()
            .default(false)
            .describe("TLS from the first byte, where the servers are set so (`handshake_first`, NATS 2.10 or newer)."),
        })
        .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
          error: "`certificate` and `key` go together",
        })
        .optional()
        .describe("TLS towards the servers; PEM files, read for each connection."),
    })
    .refine(
      ({ servers, tls }) => tls?.name !== undefined || !servers.some((server) => byAddress(server, tls !== undefined)),
      {
        error: "with TLS, servers that are named by IP address need `tls.name`, the name in their certificates",
      },
    ),
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
    tls: z
      .strictObject({
        ca: file.describe("Certificates of the authorities that are trusted."),
        certificate: file.describe("Our certificate, for both ends of a connection."),
        key: file.describe("Its private key."),
        name: z
          .string()
          .min(1)
          .describe("DNS name in the certificate of every process of the platform: others are refused."),
      })
      .optional()
      .describe(
        "TLS with certificates on both sides; PEM files, read again when they change. Unless set calls travel in the clear.",
      ),
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
    pod: z.string().min(1).optional().describe("Kubernetes pod that this process is; unless set none."),
  }),
);

/** How processes find and reach one another. */
export const linkSections = [natsSection, rpcSection, clusterSection] as const;

export interface Links {
  readonly node: string;
  readonly pod?: string;
  readonly nats?: BrokerSettings;
  readonly rpc?: RpcSettings;
}

/** What the configuration says of other processes; without NATS servers there are none. */
export async function linksOf(config: Config): Promise<Links> {
  const nats = config.of(natsSection);
  const { node = hostname(), pod } = config.of(clusterSection);
  const self = { node, ...(pod !== undefined && { pod }) };
  const [first] = nats.servers;
  if (first === undefined) return self;
  const { address, port, advertise, tls } = config.of(rpcSection);
  return { ...self, nats, rpc: { address: address ?? (await addressFacing(first)), port, advertise, tls } };
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
