import { BlockList, isIP } from "node:net";
import { z } from "zod";

const ip = z.string().refine((text) => isIP(text) !== 0, "an IP address without brackets, such as 192.0.2.1");
const port = z.number().int().min(0).max(65_535);

/** Whether the text is an address, or an address and a prefix length. */
function isNetwork(text: string): boolean {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  try {
    if (!/^[0-9]{1,3}$/.test(prefix)) return false;
    new BlockList().addSubnet(address, Number(prefix), family === 6 ? "ipv6" : "ipv4");
    return true;
  } catch {
    return false;
  }
}

const networks = z.array(z.string().refine(isNetwork, "an address or network such as 192.0.2.0/24 or 2001:db8::/32"));
const whole = (min: number, max: number) => z.number().int().min(min).max(max);

const listener = z.strictObject({
  transport: z.enum(["udp", "tcp"]).describe("`udp` or `tcp`."),
  address: z
    .union([z.literal("*"), ip])
    .default("*")
    .describe("Address to bind; `*`, `0.0.0.0` and `::` stand for each address of this host, of that family."),
  port: port.default(5060).describe("Port to bind; 0 for any that is free."),
  advertise: z
    .strictObject({
      address: ip.describe("Address that peers reach this listener at."),
      port: whole(1, 65_535).optional().describe("Port that peers reach it at; the bound one unless set."),
    })
    .optional()
    .describe(
      "What peers are told where an address translation stands before the edge; the loopback is never replaced.",
    ),
  service: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Service of Kubernetes that leads here: unless `advertise` is set peers are told its address, as the controller finds it; before it has one, the edge's own.",
    ),
  node: z
    .boolean()
    .default(false)
    .describe(
      "Whether this is the network of a node of Kubernetes: unless `advertise` is set peers are told the node's external address in place of its internal one, where it has one.",
    ),
});

const screening = z
  .strictObject({
    allow: networks.default([]).describe("Only these sources are heard; empty: all."),
    deny: networks.default([]).describe("These sources are not heard."),
    trusted: networks
      .default(["127.0.0.0/8", "::1"])
      .describe(
        "Trunks and machines of our own: no limit of rate, 503 comes without Retry-After, and what they assert of a caller (P-Asserted-Identity) is passed on.",
      ),
    rate: whole(1, 1_000_000).default(2000).describe("Messages a second that one source may send on average."),
    burst: whole(1, 10_000_000).default(4000).describe("Messages that one source may send at once."),
    sources: whole(100, 10_000_000).default(100_000).describe("Sources remembered; beyond it the oldest is forgotten."),
  })
  .prefault({})
  .describe("Who is heard, and how often.");

const limits = z
  .strictObject({
    head: whole(1024, 1_048_576).default(32_768).describe("Bytes of start line and header fields."),
    fields: whole(20, 100_000).default(500).describe("Header field lines."),
    body: whole(1024, 16_777_216).default(262_144).describe("Bytes of the body."),
  })
  .prefault({})
  .describe("What a message may be at most.");

const tcp = z
  .strictObject({
    connections: whole(1, 1_000_000).default(20_000).describe("Connections at once; further ones are closed."),
    perSource: whole(1, 1_000_000).default(1000).describe("Connections at once from one address that is not trusted."),
    idle: whole(1, 1_000_000).default(3900).describe("Seconds of silence after which a connection is closed."),
    proof: whole(1, 86_400).default(30).describe("Seconds within which a new connection must bring a valid message."),
    message: whole(1, 3600).default(10).describe("Seconds that a message may take from its first byte to its last."),
    connect: whole(1, 60).default(4).describe("Seconds that an attempt to connect may take."),
    queue: whole(65_536, 1_073_741_824).default(1_048_576).describe("Bytes that may wait for one peer to read them."),
    unconfirmed: whole(1, 1_000_000)
      .default(20_000)
      .describe(
        "Messages at most that are kept until the owner of their call has confirmed them; further ones are sent once.",
      ),
  })
  .prefault({})
  .describe("Connections.");

const keepAlive = z
  .strictObject({
    interval: whole(1, 600).default(7).describe("Seconds between pings to a registered phone over UDP."),
    flows: whole(1, 10_000_000).default(200_000).describe("Flows pinged at most."),
  })
  .prefault({})
  .describe("Pings that keep the way through address translators open.");

const selfCheck = z
  .strictObject({
    interval: whole(1, 600).default(5).describe("Seconds between two OPTIONS to itself."),
    timeout: whole(1, 60).default(3).describe("Seconds to wait for the answer."),
  })
  .prefault({})
  .describe("The OPTIONS that the edge sends through the whole platform to itself, for its readiness.");

const overload = z
  .strictObject({
    callsPerSecond: z
      .number()
      .min(0.1)
      .max(1_000_000)
      .optional()
      .describe("New calls a second that the platform takes, divided among the edges that are there; unset: no limit."),
    setUps: whole(1, 10_000_000)
      .optional()
      .describe("Calls that may be in set-up at once on the whole platform, divided likewise; unset: no limit."),
    requestsPerSecond: z
      .number()
      .min(0.1)
      .max(1_000_000)
      .optional()
      .describe(
        "REGISTER, SUBSCRIBE and other requests outside of calls, a second, divided likewise; unset: no limit.",
      ),
    burst: z
      .number()
      .min(0.01)
      .max(60)
      .default(1)
      .describe("Seconds: what comes at the rate of a limit in that time may come at once."),
    delay: whole(0, 10_000)
      .default(400)
      .describe(
        "Milliseconds that a new call may have to wait for its first answer. Where it would be more, because this edge works without a pause or the call's owner falls behind, new calls are refused, REGISTER and the like from half of it on, emergency and priority calls from four times as much; 0: never.",
      ),
    retryAfter: whole(1, 3600)
      .default(10)
      .describe(
        "Seconds in Retry-After, give or take a half, so that not all come back at once. Trusted peers get none.",
      ),
    emergency: z
      .array(z.string().min(1))
      .default(["112", "911"])
      .describe(
        "Numbers (user parts of the Request-URI) and URIs of emergency calls, besides `urn:service:sos` (RFC 5031).",
      ),
    namespaces: z
      .array(z.string().min(1))
      .default(["ets", "wps", "esnet"])
      .describe(
        "Namespaces of Resource-Priority (RFC 4412), or single values such as `dsn.flash`, whose calls come before others; heard from trusted peers only.",
      ),
    remembered: whole(1000, 100_000_000)
      .default(100_000)
      .describe("Requests of the last 32 s that are remembered, so that a copy fares as the first did; 20 bytes each."),
  })
  .prefault({})
  .describe("What is answered 503 before any work is queued. Requests and responses of calls in progress always pass.");

const leave = z
  .strictObject({
    grace: whole(0, 86_400)
      .default(0)
      .describe(
        "Seconds that connections are kept for after SIGTERM, while no new ones are taken. Idle ones are closed spread over it, so that phones register elsewhere a few at a time; the process ends as soon as none is left. Behind a load balancer 900 is usual; `process.leaveTime` bounds it.",
      ),
  })
  .prefault({})
  .describe("How an edge goes.");

/** The section `edge` of the configuration. */
export const schema = z.strictObject({
  listeners: z
    .array(listener)
    .min(1)
    .prefault([{ transport: "udp" }, { transport: "tcp" }])
    .describe("Where SIP is spoken."),
  screening,
  limits,
  tcp,
  keepAlive,
  selfCheck,
  overload,
  leave,
});

export type EdgeConfig = z.infer<typeof schema>;
export type ListenerConfig = EdgeConfig["listeners"][number];
