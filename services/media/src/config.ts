import { section } from "@sipmesh/config";
import { z } from "zod";

const seconds = (least: number, most: number) => z.number().int().min(least).max(most);
const port = z.number().int().min(1024).max(65_535);

/** The section `media` of the configuration. */
export const schema = z.strictObject({
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
  sessions: z.number().int().min(1).max(100_000).default(10_000).describe("Calls at most."),
  legs: z.number().int().min(1).max(256).default(32).describe("Branches and early dialogs of one call at most."),
});

export type MediaConfig = z.output<typeof schema>;

export const mediaSection = section("media", schema);
