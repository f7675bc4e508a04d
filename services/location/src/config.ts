import { defaultRegistrarPolicy } from "@sipmesh/sip-core";
import { z } from "zod";

const seconds = z.number().int().min(1).max(0xffff_ffff);

/** The section `location` of the configuration. */
export const schema = z
  .strictObject({
    defaultExpires: seconds
      .default(defaultRegistrarPolicy.defaultExpires)
      .describe("Seconds that a contact holds when it names no expiry."),
    minExpires: seconds
      .default(defaultRegistrarPolicy.minExpires)
      .describe("Seconds; shorter wishes are answered 423."),
    maxExpires: seconds.default(defaultRegistrarPolicy.maxExpires).describe("Seconds; longer wishes are cut to it."),
    maxContacts: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(defaultRegistrarPolicy.maxContacts)
      .describe("Contacts that one address of record may have."),
    maxAddressesOfRecord: z
      .number()
      .int()
      .min(1)
      .max(50_000_000)
      .default(1_000_000)
      .describe("Registered addresses of record; a further one is answered 503."),
    cacheSize: z
      .number()
      .int()
      .min(0)
      .max(50_000_000)
      .default(100_000)
      .describe("Addresses of record whose bindings are kept in memory, ready for use."),
    bucket: z
      .string()
      .regex(/^[a-z0-9-]+$/, "lower-case letters, digits and hyphens")
      .default("bindings")
      .describe("The key-value bucket that holds the bindings."),
    electionPatience: z
      .number()
      .int()
      .min(0)
      .max(25_000)
      .default(12_000)
      .describe(
        "Milliseconds that a REGISTER waits to be written where NATS has several servers: they take up to 10 seconds to elect a leader when theirs has died. No longer than `transaction.deadlines.location`.",
      ),
    retryAfter: seconds.default(5).describe("Seconds after which a phone may try again when the store is away."),
  })
  .refine((section) => section.minExpires <= section.maxExpires, {
    path: ["minExpires"],
    message: "no more than `maxExpires`",
  });

export type LocationConfig = z.infer<typeof schema>;
