import { z } from "zod";

const media = z.enum(["always", "nat", "never"]);
const uri = z
  .string()
  .regex(/^sips?:[^\s<>"]+$/i, "a SIP URI such as sip:10.0.0.7:5060;transport=udp")
  .describe("A SIP URI.");
const preference = z
  .number()
  .min(0)
  .max(1)
  .default(1)
  .describe("Preference, 0 to 1: equal ones are tried at once, lower ones after them.");
const nextHop = z.strictObject({ uri, q: preference });
const nextHops = z
  .union([uri.transform((only) => [{ uri: only, q: 1 }]), z.array(nextHop).min(1).max(16)])
  .describe("One SIP URI, or a list of `{ uri, q }`.");

const policy = {
  media: media
    .optional()
    .describe("Who carries the media: `always` we, `nat` we where a side is behind a NAT, `never`."),
  recordRoute: z.boolean().optional().describe("Whether later requests of the dialog come by the platform."),
  ringTime: z.number().int().min(1).max(3600).optional().describe("Seconds that a phone may ring."),
};

const match = z
  .strictObject({
    scheme: z.string().toLowerCase().optional().describe("Scheme of the Request-URI: `sip`, `tel`, or any other."),
    domain: z
      .string()
      .toLowerCase()
      .optional()
      .describe("Host of the Request-URI or name of one of our domains; `*.example.com` for all hosts below."),
    user: z.string().optional().describe("User of the Request-URI; with a final `*` its beginning."),
    number: z
      .string()
      .regex(/^\+?[0-9*#]*$/, "digits, with a plus sign for a global number")
      .optional()
      .describe("Beginning of the number that is called: `+49`, or digits of a local number."),
    methods: z.array(z.string()).optional().describe("Only these methods."),
  })
  .describe("What must all hold; nothing given: every request.");

const route = z
  .strictObject({
    name: z.string().min(1).describe("For logs and traces."),
    match: match.default({}),
    fallback: z
      .boolean()
      .default(false)
      .describe("Only where the request is for one of our domains and there is no such subscriber."),
    strangers: z
      .boolean()
      .default(false)
      .describe("Whether callers whom nobody vouches for may take it, for users of our domains; numbers never."),
    to: nextHops.optional().describe("Next hops that get the request with its Request-URI unchanged."),
    trunk: z.string().optional().describe("The name of a trunk that gets the request."),
    redirect: z
      .strictObject({
        status: z
          .union([z.literal(300), z.literal(301), z.literal(302), z.literal(305), z.literal(380)])
          .optional()
          .describe("Status of the answer."),
        contacts: nextHops,
      })
      .optional()
      .describe("Answer with these contacts; 302 for one, 300 for several unless a status is given."),
    reject: z
      .strictObject({
        status: z.number().int().min(400).max(699).describe("Status of the answer."),
        reason: z.string().optional().describe("Its reason phrase; the usual one unless set."),
      })
      .optional()
      .describe("Answer with this status."),
    strip: z.number().int().min(0).max(32).default(0).describe("Characters to take off the start of the user."),
    prefix: z.string().default("").describe("Put before the user after `strip`."),
    ...policy,
  })
  .refine(
    (one) => [one.to, one.trunk, one.redirect, one.reject].filter((action) => action !== undefined).length === 1,
    "exactly one of `to`, `trunk`, `redirect`, `reject`",
  );

const trunk = z.strictObject({
  name: z.string().min(1).describe("What routes call it."),
  to: nextHops,
  sources: z
    .array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()]))
    .default([])
    .describe("Networks (CIDR) that the trunk's requests come from: they are trusted and not challenged."),
  rewriteHost: z.boolean().default(true).describe("Whether the Request-URI's host becomes that of the next hop."),
  ...policy,
});

/** The section `routing` of the configuration. */
export const schema = z
  .strictObject({
    media: media
      .default("always")
      .describe("Who carries the media: `always` we, `nat` we where a side is behind a NAT, `never`."),
    recordRoute: z.boolean().default(true).describe("Whether later requests of a dialog come by the platform."),
    ringTime: z
      .number()
      .int()
      .min(1)
      .max(3600)
      .default(120)
      .describe("Seconds that a phone may ring before the platform cancels the call."),
    domains: z
      .record(
        z.string().toLowerCase(),
        z.strictObject({
          ...policy,
          redirect: z
            .boolean()
            .default(false)
            .describe("Answer callers with the contacts of the called user (302, 300) instead of forwarding."),
        }),
      )
      .default({})
      .describe("Policy for calls to one of our domains, by its name."),
    trunks: z.array(trunk).default([]).describe("Peers that are trusted: carriers, PBXs."),
    routes: z.array(route).default([]).describe("Static routes, tried in this order; the first that matches decides."),
    maxTargets: z
      .number()
      .int()
      .min(1)
      .max(100)
      .default(32)
      .describe("Contacts that one request is forked to at most; the best are taken."),
    rpcDeadline: z
      .number()
      .int()
      .min(10)
      .max(30_000)
      .default(8000)
      .describe("Milliseconds to wait for directory and location."),
    cacheTime: z
      .number()
      .int()
      .min(100)
      .max(3_600_000)
      .default(5000)
      .describe("Milliseconds after which domains and subscribers are asked for again."),
    cacheSize: z.number().int().min(1).default(50_000).describe("Subscribers kept in memory at most."),
    dns: z
      .strictObject({
        deadline: z.number().int().min(10).max(30_000).default(3000).describe("Milliseconds for one look-up of a URI."),
        cacheSize: z.number().int().min(1).default(10_000).describe("Answers kept at most."),
        maxTtl: z.number().int().min(0).max(86_400).default(300).describe("Seconds that an answer is kept at most."),
        negativeTtl: z
          .number()
          .int()
          .min(0)
          .max(3600)
          .default(5)
          .describe("Seconds that the answer 'no such name' is kept."),
        maxHops: z
          .number()
          .int()
          .min(1)
          .max(64)
          .default(8)
          .describe("Addresses that are tried for one target at most."),
      })
      .prefault({})
      .describe("Finding the next hop by name (RFC 3263)."),
  })
  .superRefine((section, context) => {
    const trunks = new Set(section.trunks.map((one) => one.name));
    for (const [index, one] of section.routes.entries()) {
      if (one.trunk === undefined || trunks.has(one.trunk)) continue;
      context.addIssue({
        code: "custom",
        path: ["routes", index, "trunk"],
        message: `the name of a trunk: ${[...trunks].join(", ") || "there is none"}`,
      });
    }
  });

export type RoutingConfig = z.infer<typeof schema>;
export type RouteConfig = RoutingConfig["routes"][number];
export type TrunkConfig = RoutingConfig["trunks"][number];
