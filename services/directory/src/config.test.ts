import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hash } from "@sipmesh/environment";
import { schema } from "./config.ts";
import { registryFrom } from "./registry.ts";

const problems = (config: object) =>
  schema.safeParse(config).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("the section directory", () => {
  it("has one domain that the platform's own addresses mean, when nothing is configured", () => {
    const { domains } = registryFrom(schema.parse({}));
    assert.deepEqual(
      domains.map(({ name, realm, ownAddresses, authenticate, algorithms, openToStrangers }) => ({
        name,
        realm,
        ownAddresses,
        authenticate,
        algorithms,
        openToStrangers,
      })),
      [
        {
          name: "sipmesh",
          realm: "sipmesh",
          ownAddresses: true,
          authenticate: true,
          algorithms: ["MD5"],
          openToStrangers: false,
        },
      ],
    );
  });

  it("gives the platform's own addresses to the first domain unless it says otherwise", () => {
    const own = (...flags: (boolean | undefined)[]) => {
      const domains = flags.map((ownAddresses, index) => ({ name: `d${index}`, ownAddresses }));
      return registryFrom(schema.parse({ domains })).domains.map((domain) => domain.ownAddresses);
    };
    assert.deepEqual(own(undefined, undefined), [true, false]);
    assert.deepEqual(own(undefined, true), [false, true]);
    assert.deepEqual(own(false), [false]);
  });

  it("says what is there twice, and where", () => {
    const subscribers = [
      { user: "alice", password: "x", numbers: ["+491"] },
      { user: "bob", password: "x", aliases: ["alice"], numbers: ["+491"] },
    ];
    assert.deepEqual(problems({ domains: [{ name: "a", aliases: ["b"], subscribers }, { name: "B" }] }), [
      "domains.0.subscribers.1.aliases.0: a value of its own: directory.domains.0.subscribers.0.user has the same",
      "domains.0.subscribers.1.numbers.0: a value of its own: directory.domains.0.subscribers.0.numbers.0 has the same",
      "domains.1.name: a value of its own: directory.domains.0.aliases.0 has the same",
    ]);
  });

  it("wants a password or its hash, and never both", () => {
    const subscriber = (more: object) => problems({ domains: [{ name: "a", subscribers: [{ user: "u", ...more }] }] });
    const ha1 = { md5: "0".repeat(32) };
    assert.equal(subscriber({ password: "x" }), undefined);
    assert.equal(subscriber({ ha1 }), undefined);
    for (const wrong of [{}, { password: "x", ha1 }, { ha1: {} }]) assert.equal(subscriber(wrong)?.length, 1);
  });
});

describe("the registry", () => {
  const registry = registryFrom(
    schema.parse({
      domains: [
        {
          name: "Example.com",
          realm: "Telephony",
          subscribers: [{ user: "jörg", password: "geheim", aliases: ["j"], numbers: ["+49301"] }],
        },
      ],
    }),
  );

  it("finds a subscriber by user, alias, number and account", () => {
    for (const found of [
      registry.byUser("example.com", "jörg"),
      registry.byUser("example.com", "j"),
      registry.byNumber("+49301"),
      registry.byRealm("Telephony", "jörg"),
    ]) {
      assert.equal(found?.user, "jörg");
    }
    assert.equal(registry.byRealm("Telephony", "j"), undefined);
    assert.equal(registry.byUser("other.example", "j"), undefined);
  });

  it("keeps hashes for both algorithms and no password", () => {
    const account = Buffer.from("jörg:Telephony:geheim", "utf8");
    const found = registry.byUser("example.com", "j");
    assert.deepEqual(found?.ha1, { md5: hash.md5Hex(account), sha256: hash.sha256Hex(account) });
    assert.ok(!JSON.stringify(found).includes("geheim"));
  });
});
