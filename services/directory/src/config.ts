import { secret } from "@sipmesh/config";
import { z } from "zod";

const hex = (digits: number) =>
  z
    .string()
    .toLowerCase()
    .regex(new RegExp(`^[0-9a-f]{${digits}}$`), `${digits} hexadecimal digits`);

const subscriber = z
  .strictObject({
    user: z.string().min(1).max(128).describe("User part of the address of record, and user name for digest."),
    password: secret(z.string().min(1)).optional().describe("Kept in memory only as hashes."),
    ha1: secret(
      z.strictObject({
        md5: hex(32).optional().describe("MD5 of `user:realm:password`."),
        sha256: hex(64).optional().describe("SHA-256 of `user:realm:password`."),
      }),
    )
      .optional()
      .describe("Instead of the password: hash of `user:realm:password`, as MD5 and as SHA-256."),
    aliases: z.array(z.string().min(1)).default([]).describe("Other users of the domain that lead to this one."),
    numbers: z
      .array(z.string().regex(/^\+[0-9]{1,32}$/, "a global number: a plus sign and digits"))
      .default([])
      .describe("E.164 numbers that lead to this subscriber."),
  })
  .refine(
    (one) => (one.password === undefined) !== (one.ha1?.md5 === undefined && one.ha1?.sha256 === undefined),
    "a `password`, or `ha1` with `md5`, `sha256` or both",
  );

const domain = z.strictObject({
  name: z.string().min(1).toLowerCase().describe("In every address of record; phones may use any alias instead."),
  realm: z.string().min(1).optional().describe("Of the digest challenges; the name unless set."),
  aliases: z
    .array(z.string().min(1).toLowerCase())
    .default([])
    .describe("Host names and addresses that mean this domain; `*.example.com` for all hosts below."),
  ownAddresses: z
    .boolean()
    .optional()
    .describe("Whether the platform's own addresses mean this domain. Unless set: the first domain's do."),
  authenticate: z.boolean().default(true).describe("Whether its users must prove who they are (digest)."),
  algorithms: z
    .array(z.enum(["MD5", "SHA-256"]))
    .min(1)
    .default(["MD5"])
    .describe("Offered in this order. Some phones fail when SHA-256 is offered too."),
  openToStrangers: z
    .boolean()
    .default(false)
    .describe("Whether callers who did not authenticate reach its registered users."),
  anyUser: z.boolean().default(false).describe("Every user exists, listed or not; of use where nobody authenticates."),
  thirdPartyRegistration: z
    .boolean()
    .default(false)
    .describe("Whether a subscriber may register addresses of record of others."),
  subscribers: z.array(subscriber).default([]).describe("Who exists."),
});

/** The section `directory` of the configuration. */
export const schema = z
  .strictObject({
    domains: z
      .array(domain)
      .min(1)
      .prefault([{ name: "sipmesh", ownAddresses: true }])
      .describe("The domains that the platform is responsible for."),
    nonceLifetime: z
      .number()
      .int()
      .min(1)
      .max(86_400)
      .default(300)
      .describe("Seconds that a nonce is good; then phones are asked again with stale=true."),
    nonces: z
      .number()
      .int()
      .min(16)
      .max(10_000_000)
      .default(100_000)
      .describe("Nonces in use whose counts are kept at most; when there are more, the oldest becomes stale."),
    checkUri: z
      .boolean()
      .default(false)
      .describe(
        "Whether the digest-uri must be the Request-URI. Off, because phones differ in what they write and a nonce is good for each request once.",
      ),
    peerDeadline: z
      .number()
      .int()
      .min(10)
      .max(30_000)
      .default(1000)
      .describe("Milliseconds to wait for the member that made a nonce."),
  })
  .superRefine((section, context) => {
    const taken = new Map<string, string>();
    const claim = (what: string, path: (string | number)[]): void => {
      const owner = taken.get(what);
      if (owner === undefined) taken.set(what, path.join("."));
      else
        context.addIssue({
          code: "custom",
          path,
          message: `a value of its own: directory.${owner} has the same`,
        });
    };
    for (const [d, one] of section.domains.entries()) {
      claim(`host ${one.name}`, ["domains", d, "name"]);
      claim(`realm ${one.realm ?? one.name}`, ["domains", d, "realm"]);
      for (const [a, alias] of one.aliases.entries()) claim(`host ${alias}`, ["domains", d, "aliases", a]);
      for (const [s, of] of one.subscribers.entries()) {
        const at = ["domains", d, "subscribers", s];
        claim(`user ${d} ${of.user}`, [...at, "user"]);
        for (const [a, alias] of of.aliases.entries()) claim(`user ${d} ${alias}`, [...at, "aliases", a]);
        for (const [n, number] of of.numbers.entries()) claim(`number ${number}`, [...at, "numbers", n]);
      }
    }
  });

export type DirectoryConfig = z.infer<typeof schema>;
export type DomainConfig = DirectoryConfig["domains"][number];
