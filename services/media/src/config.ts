import { section } from "@sipmesh/config";
import { z } from "zod";

const seconds = (least: number, most: number) => z.number().int().min(least).max(most);
const port = z.number().int().min(1024).max(65_535);

/** The section `media` of the configuration. */
export const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[^\s/]{1,300}$/, "1 to 300 characters without space and slash")
    .optional()
    .describe(
      "Name of this relay: whoever starts under it takes up the sessions of who had it before, on the same ports. Unless set the node and the lowest port: two relays on one host differ by their ports.",
    ),
  advertise: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .describe(
      "Address that peers are told instead of the one that ports are bound to, where `interfaces` names none: of the NAT in front of the host.",
    ),
  node: z
    .boolean()
    .default(false)
    .describe(
      "Whether this is the network of a node of Kubernetes: unless `advertise` is set peers are told the node's external address in place of its internal one, where it has one; while the node is being emptied (unschedulable) new calls go elsewhere.",
    ),
  interfaces: z
    .array(
      z.strictObject({
        address: z.union([z.ipv4(), z.ipv6()]).describe("Local address that the ports are bound to."),
        advertise: z
          .union([z.ipv4(), z.ipv6()])
          .optional()
          .describe("Address that peers are told instead: of the NAT or load balancer in front."),
      }),
    )
    .default([])
    .describe("Addresses for RTP. Where none is given: the local address that faces the peer."),
  ports: z
    .strictObject({
      first: port.default(16_384).describe("Lowest UDP port for RTP."),
      last: port.default(32_767).describe("Highest UDP port for RTCP. A call with audio takes four ports."),
      rest: seconds(0, 600).default(10).describe("Seconds that a port rests before another call gets it."),
    })
    .prefault({})
    .refine((range) => range.last > range.first, "`last` must be above `first`")
    .describe("The ports that calls are given; RTP on even, RTCP on odd ones."),
  learn: z
    .enum(["signalled", "anybody"])
    .default("signalled")
    .describe(
      "Whose first packet tells where a phone is: `signalled` takes the address of its description or of its signalling; `anybody` takes whoever comes first, which strangers may abuse.",
    ),
  silence: seconds(5, 86_400)
    .default(120)
    .describe("Seconds without a packet from either side that end a call's media, unless it is held."),
  unanswered: seconds(30, 86_400).default(600).describe("Seconds that ports are kept for an offer without an answer."),
  longest: seconds(60, 604_800).default(86_400).describe("Seconds after which media ends in any case."),
  rate: z
    .number()
    .int()
    .min(100)
    .max(1_000_000)
    .default(5000)
    .describe(
      "Packets per second from one side of a stream at most; what is faster goes round in a circle, and is ended.",
    ),
  leave: z
    .enum(["hand-over", "wait"])
    .default("hand-over")
    .describe(
      "What becomes of calls when the process is told to stop: `hand-over` goes at once, and who follows here takes them up; `wait` takes no new ones and goes when the last has ended, or when `process.leaveTime` is nearly over.",
    ),
  sessions: z.number().int().min(1).max(100_000).default(10_000).describe("Calls at most."),
  legs: z.number().int().min(1).max(256).default(32).describe("Branches and early dialogs of one call at most."),
});

export type MediaConfig = z.output<typeof schema>;

export const mediaSection = section("media", schema);
