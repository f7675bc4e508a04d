import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AuthenticateOutcome, type Domain } from "@sipmesh/proto/directory";
import { readUri } from "@sipmesh/sip";
import fc from "fast-check";
import { schema } from "../config.ts";
import { decide } from "./decide.ts";
import { destinationOf } from "./destination.ts";
import type { Answers, Facts } from "./facts.ts";
import { planFrom } from "./plan.ts";
import { Platform } from "./platform.ts";

const host = fc.constantFrom("home", "lab", "open", "127.0.0.1", "127.0.0.1:5060", "127.0.0.1:7000", "foreign.example");
const user = fc.constantFrom("alice", "bob", "112", "+4930100", "0049301", "%2B4930100", "x;user=phone");
const uri = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(user, host, fc.constantFrom("", ";user=phone")).map(([u, h, p]) => `sip:${u}@${h}${p}`),
  },
  { weight: 1, arbitrary: host.map((h) => `sip:${h}`) },
  { weight: 1, arbitrary: fc.constantFrom("tel:+4930100", "tel:112;phone-context=+49", "urn:service:sos") },
);
const domain = (name: string): fc.Arbitrary<Domain> =>
  fc
    .record({
      authenticate: fc.boolean(),
      openToStrangers: fc.boolean(),
      anyUser: fc.boolean(),
      ownAddresses: fc.boolean(),
    })
    .map((flags) => ({
      name,
      realm: name,
      aliases: [],
      algorithms: ["MD5"],
      thirdPartyRegistration: false,
      ...flags,
    }));
const route = fc
  .record({
    match: fc.constantFrom({}, { number: "+49" }, { user: "0*" }, { domain: "foreign.example" }, { scheme: "urn" }),
    fallback: fc.boolean(),
    strangers: fc.boolean(),
  })
  .map((one) => ({ name: "route", to: "sip:10.9.0.1", ...one }));
const refused = fc.constantFrom(
  AuthenticateOutcome.AUTHENTICATE_OUTCOME_MISSING,
  AuthenticateOutcome.AUTHENTICATE_OUTCOME_WRONG,
  AuthenticateOutcome.AUTHENTICATE_OUTCOME_STALE,
  AuthenticateOutcome.AUTHENTICATE_OUTCOME_MALFORMED,
);

describe("who did not authenticate", () => {
  it("reaches nothing but users of our domains, whatever it claims and whatever is configured", () => {
    let forwarded = 0;
    fc.assert(
      fc.property(
        fc.constantFrom("INVITE", "ACK", "MESSAGE", "OPTIONS", "NOTIFY", "REFER"),
        uri,
        uri,
        fc.tuple(domain("home"), domain("lab"), domain("open")),
        fc.array(route, { maxLength: 2 }),
        fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.constant("sip:10.9.9.9;lr")),
        refused,
        (method, requestUri, from, domains, routes, nextRoute, outcome) => {
          const plan = planFrom(schema.parse({ routes }));
          const platform = new Platform(domains, { hosts: new Set(["127.0.0.1"]), ports: new Set([5060]) });
          const parsed = readUri(requestUri);
          const facts: Facts = {
            method,
            requestUri,
            uri: parsed,
            from: readUri(from),
            to: parsed,
            nextRoute,
            trunk: undefined,
            tried: new Set(),
            flows: (flow) => flow,
            platform,
            plan,
          };
          const answers: Answers = { subscribers: new Map(), bindings: new Map() };
          for (;;) {
            const step = decide(facts, answers);
            if (step.type === "ask") {
              const { question } = step;
              if (question.type === "credentials") answers.credentials = { outcome, user: "alice", reason: "" };
              else if (question.type === "subscriber") {
                // Whoever and whatever number is asked for exists, so that nothing ends for want of a subscriber.
                answers.subscribers.set(question.key, { domain: question.domain || "home", user: "bob" });
              } else {
                const binding = { uri: "sip:b@10.0.0.7", q: 1000, path: [], flow: undefined, nat: false, expires: 1 };
                answers.bindings.set(question.addressOfRecord, [binding]);
              }
              continue;
            }
            assert.equal(step.identity, "");
            const { decision } = step;
            if (decision.type !== "proxy" && decision.type !== "redirect") return;
            forwarded++;
            assert.ok(parsed !== undefined);
            const destination = destinationOf(parsed, platform);
            assert.equal(nextRoute, undefined, "the next hop was of its choice");
            assert.notEqual(destination.type, "foreign");
            if (decision.type === "proxy" && decision.by !== "location") assert.notEqual(destination.type, "number");
            assert.ok(destination.type === "platform" || "domain" in destination);
            if (decision.type === "proxy" && decision.by === "location") {
              assert.ok("domain" in destination && destination.domain !== undefined);
              assert.ok(destination.domain.openToStrangers || !destination.domain.authenticate);
            }
            return;
          }
        },
      ),
      { numRuns: 2000 },
    );
    assert.ok(forwarded > 50, `only ${forwarded} requests were forwarded: the property says little`);
  });
});
