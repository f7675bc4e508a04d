import { section } from "@sipmesh/config";
import { rfcTimers } from "@sipmesh/sip-core";
import { z } from "zod";

/**
 * Characters of `sentBy`. It stands in an INVITE twice, and the rest of what is added (Via, Record-Route, the source in the
 * caller's Via) is 240 bytes at most between IPv4 peers: together 300.
 */
const LONGEST_NAME = 30;
const domainName = /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/;

const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most);

/** The section `transaction` of the configuration. */
export const schema = z.strictObject({
  names: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Names, or name:port, by which peers address this platform in Route header fields, besides its own addresses.",
    ),
  sentBy: z
    .string()
    .toLowerCase()
    .max(LONGEST_NAME)
    .regex(domainName, "a domain name such as edges.example.com: no IP address, and without a port")
    .optional()
    .describe(
      `Name whose SRV records lead to all edges, told in Via and Record-Route in place of an edge's address, so that peers find another edge where one is gone; at most ${LONGEST_NAME} characters, so that no more than 300 bytes are added to an INVITE. It means this platform in Route, as \`names\` do.`,
    ),
  timers: z
    .strictObject({
      t1: milliseconds(50, 5000).default(rfcTimers.t1).describe("Round-trip estimate in milliseconds (RFC 3261 T1)."),
      t2: milliseconds(500, 20_000)
        .default(rfcTimers.t2)
        .describe("Longest retransmission interval in milliseconds (RFC 3261 T2)."),
      t4: milliseconds(500, 20_000)
        .default(rfcTimers.t4)
        .describe("Milliseconds that a message may live in the network (RFC 3261 T4)."),
      timerC: milliseconds(180_001, 3_600_000)
        .default(rfcTimers.timerC)
        .describe("Milliseconds that an INVITE may go without a provisional response; more than three minutes."),
      ring: milliseconds(1000, 3_600_000)
        .default(120_000)
        .describe("Milliseconds that a target may ring, where its route does not say."),
    })
    .prefault({})
    .describe("Timers of RFC 3261 section 17; change them for links with long delays only."),
  limits: z
    .strictObject({
      transactions: z
        .number()
        .int()
        .min(1)
        .max(10_000_000)
        .default(500_000)
        .describe("Server transactions at most, those included that only absorb retransmissions; beyond it: 503."),
      passes: z
        .number()
        .int()
        .min(0)
        .max(8)
        .default(2)
        .describe("How often a message may be passed on to the member that owns its call."),
      unconfirmed: z
        .number()
        .int()
        .min(1)
        .max(1_000_000)
        .default(20_000)
        .describe(
          "Messages at most that are to leave over connections and are kept until their edge has confirmed them; further ones are sent once.",
        ),
      targets: z.number().int().min(1).max(1000).default(60).describe("Targets at most that one request forks to."),
    })
    .prefault({})
    .describe("Bounds of what is kept."),
  copyPatience: milliseconds(50, 10_000)
    .default(2000)
    .describe(
      "Milliseconds that the successor of a call may take to confirm its copy; then the call goes on without one.",
    ),
  retryAfter: z.number().int().min(0).max(3600).default(5).describe("Seconds in the Retry-After of a 503."),
  deadlines: z
    .strictObject({
      routing: milliseconds(50, 30_000).default(10_000).describe("Milliseconds that routing is waited for."),
      location: milliseconds(50, 30_000)
        .default(14_000)
        .describe(
          "Milliseconds that location is waited for to write a REGISTER; servers of NATS may have to elect a leader first.",
        ),
      media: milliseconds(50, 30_000).default(10_000).describe("Milliseconds that media is waited for."),
      relay: milliseconds(0, 30_000)
        .default(5000)
        .describe(
          "Milliseconds that the relay of a call in progress is waited for where it is gone, before its media begins anew elsewhere.",
        ),
    })
    .prefault({})
    .describe("How long other services are waited for, before the caller gets 503."),
});

export type TransactionConfig = z.output<typeof schema>;

export const transactionSection = section("transaction", schema);
