import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Binding } from "./binding.ts";
import { defaultRegistrarPolicy } from "./policy.ts";
import { type RegisterFacts, type RegisterResult, register } from "./register.ts";

const NOW = 1_700_000_000_000;

function facts(changes: Partial<RegisterFacts> = {}): RegisterFacts {
  return {
    contacts: ["<sip:bob@192.0.2.4>"],
    callId: "843817637684230@998sdasdh09",
    cseq: 1826,
    path: [],
    supported: [],
    require: [],
    userAgent: "",
    nat: false,
    ...changes,
  };
}

/** A registrar with a memory: the requests of a story, one after the other. */
class Registrar {
  bindings: readonly Binding[] = [];
  now = NOW;

  take(changes: Partial<RegisterFacts>): RegisterResult {
    const result = register(this.bindings, facts(changes), this.now);
    if (result.outcome === "registered") this.bindings = result.bindings;
    return result;
  }

  contacts(changes: Partial<RegisterFacts> = { contacts: [], cseq: 9_999_999 }): string[] {
    return header(this.take(changes), "Contact");
  }
}

function header(result: RegisterResult, name: string): string[] {
  return result.headerFields.filter(([each]) => each === name).map(([, value]) => value);
}

function status(result: RegisterResult): number {
  return result.outcome === "registered" ? 200 : result.status;
}

test("a contact is added, refreshed and removed", () => {
  const registrar = new Registrar();
  assert.deepEqual(registrar.contacts({ expires: "7200" }), ["<sip:bob@192.0.2.4>;expires=7200"]);
  registrar.now += 60_000;
  assert.deepEqual(registrar.contacts(), ["<sip:bob@192.0.2.4>;expires=7140"]);
  assert.deepEqual(registrar.contacts({ cseq: 1827, expires: "600" }), ["<sip:bob@192.0.2.4>;expires=600"]);
  assert.deepEqual(registrar.contacts({ cseq: 1828, expires: "0" }), []);
});

test("a binding ends by itself", () => {
  const registrar = new Registrar();
  registrar.take({ expires: "60" });
  registrar.now += 59_999;
  assert.equal(registrar.contacts().length, 1);
  registrar.now += 1;
  assert.deepEqual(registrar.contacts(), []);
});

test("the contact's expires outweighs the Expires header field, and that the default", () => {
  const registrar = new Registrar();
  assert.deepEqual(registrar.contacts({ contacts: ["<sip:a@h>;expires=120"], expires: "300" }), [
    "<sip:a@h>;expires=120",
  ]);
  assert.deepEqual(registrar.contacts({ contacts: ["<sip:a@h>"], cseq: 1827, expires: "300" }), [
    "<sip:a@h>;expires=300",
  ]);
  assert.deepEqual(registrar.contacts({ contacts: ["<sip:a@h>"], cseq: 1828 }), ["<sip:a@h>;expires=3600"]);
});

test("what is no number counts as an hour, what is too long is cut, what is too short is answered 423", () => {
  assert.deepEqual(new Registrar().contacts({ expires: "soon" }), ["<sip:bob@192.0.2.4>;expires=3600"]);
  const many = "9".repeat(50);
  assert.deepEqual(new Registrar().contacts({ expires: many }), ["<sip:bob@192.0.2.4>;expires=7200"]);
  const brief = new Registrar().take({ expires: "59" });
  assert.equal(status(brief), 423);
  assert.deepEqual(header(brief, "Min-Expires"), ["60"]);
});

test("* with Expires 0 removes all, and stands alone (section 10.2.2)", () => {
  const registrar = new Registrar();
  registrar.take({ contacts: ["<sip:a@h>", "<sip:b@h>"] });
  assert.equal(status(registrar.take({ contacts: ["*"], cseq: 1827 })), 400);
  assert.equal(status(registrar.take({ contacts: ["*"], cseq: 1827, expires: "60" })), 400);
  assert.equal(status(registrar.take({ contacts: ["*", "<sip:a@h>"], cseq: 1827, expires: "0" })), 400);
  assert.equal(status(registrar.take({ contacts: ["*"], cseq: 1825, expires: "0" })), 400);
  assert.equal(registrar.bindings.length, 2);
  assert.deepEqual(registrar.contacts({ contacts: ["*"], cseq: 1827, expires: "0" }), []);
});

test("a request that was overtaken changes nothing (section 10.3 item 7)", () => {
  const registrar = new Registrar();
  registrar.take({ cseq: 5, expires: "600" });
  assert.equal(status(registrar.take({ cseq: 4, expires: "0" })), 400);
  assert.equal(status(registrar.take({ cseq: 5, expires: "0" })), 400);
  assert.equal(status(registrar.take({ cseq: 5, expires: "700" })), 400);
  assert.equal(registrar.bindings.length, 1);
});

test("another Call-ID takes the binding over, whatever its CSeq: the phone was restarted", () => {
  const registrar = new Registrar();
  registrar.take({ cseq: 5000 });
  assert.deepEqual(registrar.contacts({ callId: "new", cseq: 1, expires: "0" }), []);
});

test("the very request again, after its transaction was lost, is answered as it was", () => {
  const registrar = new Registrar();
  registrar.take({ expires: "600" });
  registrar.now += 1000;
  const again = registrar.take({ expires: "600" });
  assert.deepEqual(header(again, "Contact"), ["<sip:bob@192.0.2.4>;expires=599"]);
  assert.equal(again.outcome === "registered" && again.changed, false);
});

test("contacts that section 19.1.4 calls equal are one binding, spelt as registered last", () => {
  const registrar = new Registrar();
  registrar.take({ contacts: ["<sip:%61lice@atlanta.com;transport=TCP>"] });
  const after = registrar.contacts({ contacts: ["<sip:alice@AtlanTa.CoM;Transport=tcp>"], cseq: 1827 });
  assert.deepEqual(after, ["<sip:alice@AtlanTa.CoM;Transport=tcp>;expires=3600"]);
  assert.equal(registrar.contacts({ contacts: ["<sip:alice@atlanta.com>"], cseq: 1828 }).length, 2);
});

test("contact parameters and URI parameters come back where they stood (RFC 4475 cparam01, cparam02)", () => {
  const [cparam01] = new Registrar().contacts({ contacts: ["sip:+19725552222@gw1.example.net;unknownparam"] });
  assert.equal(cparam01, "<sip:+19725552222@gw1.example.net>;unknownparam;expires=3600");
  const [cparam02] = new Registrar().contacts({ contacts: ["<sip:+19725552222@gw1.example.net;unknownparam>"] });
  assert.equal(cparam02, "<sip:+19725552222@gw1.example.net;unknownparam>;expires=3600");
  const outbound = '<sip:b@h>;+sip.instance="<urn:uuid:0C67446E>";reg-id=1';
  assert.deepEqual(new Registrar().contacts({ contacts: [outbound] }), [`${outbound};expires=3600`]);
});

test("escaped headers of a contact stay within it (RFC 4475 regescrt), outside of angle brackets they are refused", () => {
  const uri = "sip:user@example.com?Route=%3Csip:sip.example.com%3E";
  assert.deepEqual(new Registrar().contacts({ contacts: [`<${uri}>`] }), [`<${uri}>;expires=3600`]);
  assert.equal(status(new Registrar().take({ contacts: [uri] })), 400);
});

test("escaped NUL characters tell two contacts apart (RFC 4475 escnull)", () => {
  const contacts = ["<sip:%00@host5.example.com>", "<sip:%00%00@host5.example.com>"];
  assert.deepEqual(
    new Registrar().contacts({ contacts }),
    contacts.map((contact) => `${contact};expires=3600`),
  );
});

test("the most preferred contact comes first; of those alike, the one refreshed last", () => {
  const registrar = new Registrar();
  registrar.take({ contacts: ["<sip:a@h>;q=0.5", "<sip:b@h>;q=0.25", "<sip:c@h>"] });
  registrar.now += 1000;
  const order = registrar.contacts({ contacts: ["<sip:d@h>;q=0.5"], cseq: 1827 }).map((contact) => contact.slice(5, 6));
  assert.deepEqual(order, ["c", "d", "a", "b"]);
  assert.equal(status(registrar.take({ contacts: ["<sip:e@h>;q=2"], cseq: 1828 })), 400);
});

test("all contacts of a request are taken or none (section 10.3 item 7)", () => {
  const registrar = new Registrar();
  assert.equal(status(registrar.take({ contacts: ["<sip:a@h>", "<sip:b@h>;expires=1"] })), 423);
  assert.equal(status(registrar.take({ contacts: ["<sip:a@h>", ";;;;"] })), 400);
  assert.deepEqual(registrar.bindings, []);
});

test("the number of contacts is bounded", () => {
  const registrar = new Registrar();
  for (let i = 0; i < defaultRegistrarPolicy.maxContacts; i++) registrar.take({ contacts: [`<sip:a${i}@h>`] });
  assert.equal(status(registrar.take({ contacts: ["<sip:one-more@h>"] })), 403);
  assert.equal(status(registrar.take({ contacts: ["<sip:a0@h>"], cseq: 1827 })), 200);
  assert.equal(status(registrar.take({ contacts: [`<sip:${"x".repeat(2000)}@h>`], cseq: 1828 })), 400);
});

test("Path is kept with the binding and told to who knows it (RFC 3327)", () => {
  const registrar = new Registrar();
  const path = ["<sip:edge.example.com;lr>", "<sip:p2.example.com;lr>"];
  assert.deepEqual(header(registrar.take({ path }), "Path"), []);
  assert.deepEqual(registrar.bindings[0]?.path, path);
  assert.deepEqual(header(registrar.take({ path, cseq: 1827, supported: ["path"] }), "Path"), [path.join(", ")]);
});

test("an extension that we do not know is named in a 420", () => {
  const refused = new Registrar().take({ require: ["path", "gruu", "outbound"] });
  assert.equal(status(refused), 420);
  assert.deepEqual(header(refused, "Unsupported"), ["gruu, outbound"]);
});

test("whatever comes: bindings are distinct, bounded, alive, and only a granted request changes them", () => {
  const contact = fc
    .tuple(
      fc.constantFrom("a", "%61", "b", "c", "*"),
      fc.constantFrom("", ";expires=0", ";expires=60", ";q=0.1", ";q=x"),
    )
    .map(([user, rest]) => (user === "*" ? "*" : `<sip:${user}@h>${rest}`));
  const request = fc.record({
    contacts: fc.array(contact, { maxLength: 3 }),
    expires: fc.constantFrom("0", "60", "", "9000"),
    cseq: fc.integer({ min: 1, max: 5 }),
    callId: fc.constantFrom("one", "two"),
    later: fc.integer({ min: 0, max: 100_000 }),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 15 }), (requests) => {
      const registrar = new Registrar();
      for (const { later, ...each } of requests) {
        registrar.now += later;
        const before = registrar.bindings;
        const result = registrar.take(each);
        if (result.outcome === "rejected") assert.equal(registrar.bindings, before);
        assert.ok(registrar.bindings.length <= 3);
        const users = registrar.bindings.map((binding) => binding.uri.replace("%61", "a"));
        assert.equal(new Set(users).size, users.length);
        if (result.outcome === "registered") {
          assert.ok(result.bindings.every((binding) => binding.expiresAt > registrar.now));
          assert.equal(header(result, "Contact").length, result.bindings.length);
        }
      }
    }),
  );
});
