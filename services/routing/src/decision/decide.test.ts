import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AuthenticateOutcome, type Domain } from "@sipmesh/proto/directory";
import { type Flow, Transport } from "@sipmesh/proto/flow";
import type { Binding } from "@sipmesh/proto/location";
import { readUri } from "@sipmesh/sip";
import { schema } from "../config.ts";
import { decide } from "./decide.ts";
import type { Answers, Decision, Facts, Question, Subscriber } from "./facts.ts";
import { planFrom } from "./plan.ts";
import { Platform } from "./platform.ts";

const { AUTHENTICATE_OUTCOME_OK: OK, AUTHENTICATE_OUTCOME_MISSING: MISSING } = AuthenticateOutcome;
const { AUTHENTICATE_OUTCOME_STALE: STALE, AUTHENTICATE_OUTCOME_WRONG: WRONG } = AuthenticateOutcome;
const { AUTHENTICATE_OUTCOME_MALFORMED: MALFORMED } = AuthenticateOutcome;

function domain(name: string, more: Partial<Domain> = {}): Domain {
  return {
    name,
    realm: name,
    aliases: [],
    ownAddresses: false,
    authenticate: true,
    algorithms: ["MD5"],
    openToStrangers: false,
    anyUser: false,
    thirdPartyRegistration: false,
    ...more,
  };
}

function binding(uri: string, more: Partial<Binding> = {}): Binding {
  return { uri, q: 1000, path: [], flow: undefined, nat: false, expires: 60, ...more };
}

const home = domain("home", { ownAddresses: true });
const open = domain("open.example", { openToStrangers: true });
const lab = domain("lab.example", { authenticate: false, anyUser: true, aliases: ["*.lab.example", "[2001:DB8::10]"] });
const flow: Flow = {
  edge: "edge-1",
  transport: Transport.TRANSPORT_UDP,
  local: { address: "10.0.0.1", port: 5060 },
  remote: { address: "203.0.113.9", port: 40_000 },
  connection: 0,
};

/** The world of these tests: who exists, and where they are. */
const people: Record<string, Subscriber> = {
  "alice@home": { domain: "home", user: "alice" },
  "al@home": { domain: "home", user: "alice" },
  "bob@home": { domain: "home", user: "bob" },
  "carol@open.example": { domain: "open.example", user: "carol" },
};
const numbers: Record<string, Subscriber> = { "+4930100": { domain: "home", user: "bob" } };
const registered: Record<string, Binding[]> = {
  "bob@home": [
    binding("sip:bob@10.0.0.7:5090", { q: 500 }),
    binding("sip:bob@192.168.1.7;transport=tcp?Subject=x", { nat: true, flow }),
  ],
  "carol@open.example": [binding("sips:carol@10.0.0.8"), binding("sip:carol@10.0.0.8", { path: ["<sip:p1;lr>"] })],
  "anyone@lab.example": [binding("sip:anyone@10.0.0.9")],
};

interface Request {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly route?: string;
  readonly source?: string;
  readonly tried?: readonly string[];
  /** What the directory says of the credentials; absent: there are none. */
  readonly outcome?: AuthenticateOutcome;
  readonly user?: string;
  /** The section `routing`. */
  readonly config?: object;
}

interface Decided {
  readonly decision: Decision;
  readonly identity: string;
  readonly asked: readonly Question["type"][];
}

function decideOn(request: Request): Decided {
  const plan = planFrom(schema.parse(request.config ?? {}));
  const uri = request.uri ?? "sip:bob@home";
  const facts: Facts = {
    method: request.method ?? "INVITE",
    requestUri: uri,
    uri: readUri(uri),
    from: readUri(request.from ?? "sip:alice@home"),
    to: readUri(request.to ?? uri),
    nextRoute: request.route,
    trunk: plan.trunkAt(request.source ?? "203.0.113.50"),
    tried: new Set(request.tried),
    flows: (of) => (of.edge === "edge-1" ? of : undefined),
    platform: new Platform([home, open, lab], {
      hosts: new Set(["127.0.0.1", "10.0.0.1"]),
      ports: new Set([5060]),
    }),
    plan,
  };
  const answers: Answers = { subscribers: new Map(), bindings: new Map() };
  const asked: Question["type"][] = [];
  for (;;) {
    const step = decide(facts, answers);
    if (step.type === "decided") return { decision: step.decision, identity: step.identity, asked };
    const { question } = step;
    asked.push(question.type);
    assert.ok(asked.length < 10, "asks without end");
    if (question.type === "credentials") {
      answers.credentials = { outcome: request.outcome ?? MISSING, user: request.user ?? "", reason: "" };
    } else if (question.type === "subscriber") {
      answers.subscribers.set(
        question.key,
        numbers[question.number] ?? people[`${question.user}@${question.domain}`] ?? null,
      );
    } else {
      answers.bindings.set(question.addressOfRecord, registered[question.addressOfRecord] ?? []);
    }
  }
}

/** `proxy sip:a sip:b`, `reject 403`, `challenge 407 home`, … */
function outcomeOf(request: Request): string {
  const { decision } = decideOn(request);
  switch (decision.type) {
    case "proxy":
      return ["proxy", ...decision.targets.map((target) => target.uri)].join(" ");
    case "redirect":
      return [`redirect ${decision.status}`, ...decision.contacts].join(" ");
    case "reject":
      return `reject ${decision.status}`;
    case "challenge":
      return `challenge ${decision.status} ${decision.domain.name}${decision.stale ? " stale" : ""}`;
    case "register":
      return `register ${decision.addressOfRecord}`;
    default:
      return decision.type;
  }
}

const alice: Request = { outcome: OK, user: "alice" };

describe("who calls", () => {
  it("must prove an address of a domain that authenticates", () => {
    assert.equal(outcomeOf({}), "challenge 407 home");
    assert.equal(outcomeOf({ outcome: WRONG }), "challenge 407 home");
    assert.equal(outcomeOf({ outcome: STALE, user: "alice" }), "challenge 407 home stale");
    assert.equal(outcomeOf({ outcome: MALFORMED }), "reject 400");
  });

  it("may use an alias or another of our addresses in From, and is named by the canonical user", () => {
    for (const from of ["sip:alice@home", "sip:al@home", "sip:alice@127.0.0.1:5080", "sip:%61lice@10.0.0.1"]) {
      const { decision, identity } = decideOn({ ...alice, from });
      assert.equal(decision.type, "proxy", from);
      assert.equal(identity, "alice@home");
    }
  });

  it("may not use another's address", () => {
    assert.equal(outcomeOf({ ...alice, from: "sip:bob@home" }), "reject 403");
    assert.equal(outcomeOf({ ...alice, from: "sip:nobody@home" }), "reject 403");
    assert.equal(outcomeOf({ ...alice, from: "sip:home" }), "reject 403");
  });

  it("may be anonymous once it has proved to be one of ours (RFC 3323)", () => {
    const from = "sip:anonymous@anonymous.invalid";
    assert.equal(outcomeOf({ from }), "challenge 407 home");
    assert.equal(decideOn({ ...alice, from }).identity, "alice@home");
  });

  it("is never challenged with ACK or CANCEL (RFC 3261 §22.1)", () => {
    assert.equal(outcomeOf({ method: "ACK" }), "reject 403");
    assert.deepEqual(decideOn({ method: "ACK", uri: "sip:carol@open.example" }).asked, ["subscriber", "bindings"]);
  });

  it("is trusted when it comes from a trunk's network", () => {
    const config = { trunks: [{ name: "carrier", to: "sip:10.9.0.1", sources: ["10.9.0.0/16", "2001:db8:9::/48"] }] };
    for (const source of ["10.9.3.4", "2001:db8:9::1"]) {
      assert.match(outcomeOf({ config, source, from: "sip:+1555@carrier.example" }), /^proxy /);
    }
    assert.equal(outcomeOf({ config, source: "10.8.0.1", from: "sip:+1555@carrier.example" }), "reject 403");
  });
});

describe("strangers", () => {
  const from = "sip:eve@elsewhere.example";

  it("reach registered users where the domain is open to them, and nobody else", () => {
    assert.match(outcomeOf({ from, uri: "sip:carol@open.example" }), /^proxy /);
    assert.equal(outcomeOf({ from, uri: "sip:bob@home" }), "reject 403");
  });

  it("do not learn who exists where they are not admitted", () => {
    assert.deepEqual(decideOn({ from, uri: "sip:bob@home" }).asked, []);
    assert.deepEqual(decideOn({ from, uri: "sip:nobody@home" }).asked, []);
  });

  it("never reach a foreign domain, a number, or a next hop of their choice", () => {
    for (const claimed of [from, "sip:anyone@lab.example"]) {
      assert.equal(outcomeOf({ from: claimed, uri: "sip:x@elsewhere.example" }), "reject 403");
      assert.equal(outcomeOf({ from: claimed, uri: "sip:x@127.0.0.1:7000" }), "reject 403");
      assert.equal(outcomeOf({ from: claimed, uri: "tel:+4930100" }), "reject 403");
      assert.equal(outcomeOf({ from: claimed, uri: "sip:carol@open.example", route: "sip:9.9.9.9;lr" }), "reject 403");
    }
  });

  it("take a static route only where it says so, and never to a number or a foreign domain", () => {
    const routes = (strangers: boolean) => ({ config: { routes: [{ name: "r", to: "sip:10.1.1.1", strangers }] } });
    assert.equal(outcomeOf({ from, uri: "sip:00491@open.example", ...routes(false) }), "reject 403");
    assert.equal(outcomeOf({ from, uri: "sip:00491@open.example", ...routes(true) }), "proxy sip:00491@open.example");
    assert.equal(outcomeOf({ from, uri: "sip:+491@open.example", ...routes(true) }), "reject 403");
    assert.equal(outcomeOf({ from, uri: "sip:x@elsewhere.example", ...routes(true) }), "reject 403");
  });
});

describe("a request for the platform itself", () => {
  it("is answered where it is OPTIONS, without asking who sends it", () => {
    for (const uri of ["sip:127.0.0.1", "sip:10.0.0.1:5060", "sip:home", "sip:open.example"]) {
      assert.equal(outcomeOf({ method: "OPTIONS", uri }), "answer", uri);
      assert.deepEqual(decideOn({ method: "OPTIONS", uri }).asked, []);
    }
    const config = { routes: [{ name: "everything", to: "sip:10.1.1.1" }] };
    assert.equal(outcomeOf({ method: "OPTIONS", uri: "sip:127.0.0.1", config }), "answer");
    assert.equal(outcomeOf({ method: "INVITE", uri: "sip:home" }), "reject 404");
  });

  it("is a neighbour's where one of our addresses is named with a port that is not ours", () => {
    assert.equal(outcomeOf({ ...alice, uri: "sip:bob@127.0.0.1:5090" }), "proxy sip:bob@127.0.0.1:5090");
  });
});

describe("a user of ours", () => {
  it("is reached at all contacts, the preferred first, behind a NAT by the flow alone", () => {
    const { decision, identity } = decideOn(alice);
    assert.ok(decision.type === "proxy");
    assert.equal(identity, "alice@home");
    assert.deepEqual(decision.targets, [
      { uri: "sip:bob@192.168.1.7;transport=tcp", route: [], flow, q: 1000, nat: true, locate: undefined },
      {
        uri: "sip:bob@10.0.0.7:5090",
        route: [],
        flow: undefined,
        q: 500,
        nat: false,
        locate: "sip:bob@10.0.0.7:5090",
      },
    ]);
  });

  it("is the same at every address of the platform", () => {
    const named = outcomeOf(alice);
    assert.equal(outcomeOf({ ...alice, uri: "sip:bob@127.0.0.1" }), named);
    assert.equal(outcomeOf({ ...alice, uri: "sip:bob@10.0.0.1:5060;transport=udp" }), named);
    assert.equal(outcomeOf({ ...alice, uri: "sip:%62ob@HOME" }), named);
  });

  it("is not found (404) or not there now (480)", () => {
    assert.equal(outcomeOf({ ...alice, uri: "sip:nobody@home" }), "reject 404");
    assert.equal(outcomeOf({ ...alice, uri: "sip:alice@home" }), "reject 480");
  });

  it("is not tried twice at the same contact", () => {
    const tried = ["sip:bob@192.168.1.7;transport=tcp", "sip:bob@10.0.0.7:5090"];
    assert.equal(outcomeOf({ ...alice, tried: tried.slice(1) }), `proxy ${tried[0]}`);
    assert.equal(outcomeOf({ ...alice, tried }), "reject 480");
  });

  it("is reached by way of its Path", () => {
    const { decision } = decideOn({ ...alice, uri: "sip:carol@open.example" });
    assert.ok(decision.type === "proxy");
    const target = decision.targets.find(({ uri }) => uri === "sip:carol@10.0.0.8");
    assert.deepEqual(target?.route, ["<sip:p1;lr>"]);
    assert.equal(target?.locate, "sip:p1;lr");
  });

  it("gets a SIPS request at SIPS contacts only (RFC 3261 §16.5)", () => {
    assert.equal(outcomeOf({ ...alice, uri: "sips:carol@open.example" }), "proxy sips:carol@10.0.0.8");
    assert.equal(outcomeOf({ ...alice, uri: "sips:bob@home" }), "reject 480");
  });

  it("is forked to at most `maxTargets`, the best ones", () => {
    assert.equal(outcomeOf({ ...alice, config: { maxTargets: 1 } }), "proxy sip:bob@192.168.1.7;transport=tcp");
  });

  it("needs not be listed in a domain of any users", () => {
    assert.equal(outcomeOf({ from: "sip:x@lab.example", uri: "sip:anyone@lab.example" }), "proxy sip:anyone@10.0.0.9");
    assert.equal(outcomeOf({ from: "sip:x@a.lab.example", uri: "sip:gone@[2001:db8:0::10]" }), "reject 480");
  });

  it("is named to the caller where its domain redirects", () => {
    const config = { domains: { home: { redirect: true } } };
    assert.equal(
      outcomeOf({ ...alice, config }),
      "redirect 300 <sip:bob@192.168.1.7;transport=tcp>;q=1 <sip:bob@10.0.0.7:5090>;q=0.5",
    );
    assert.match(outcomeOf({ ...alice, config, tried: ["sip:bob@10.0.0.7:5090"] }), /^redirect 302 /);
  });
});

describe("a number", () => {
  it("leads to the subscriber that it belongs to, however it is written", () => {
    for (const uri of ["sip:+4930100@home", "sip:+49-30-100@home;user=phone", "tel:+49(30)100"]) {
      assert.match(outcomeOf({ ...alice, uri }), /^proxy sip:bob@192/, uri);
    }
  });

  it("leads to a trunk by its beginning, with the trunk's host in the Request-URI", () => {
    const config = {
      trunks: [{ name: "carrier", to: [{ uri: "sip:10.9.0.1:5070;transport=tcp" }, { uri: "sip:10.9.0.2", q: 0.5 }] }],
      routes: [
        { name: "emergency", match: { number: "112" }, trunk: "carrier" },
        { name: "germany", match: { number: "+49" }, fallback: true, trunk: "carrier", strip: 1, prefix: "00" },
      ],
    };
    assert.equal(
      outcomeOf({ ...alice, config, uri: "tel:+49-89-2" }),
      "proxy sip:0049892@10.9.0.1:5070;transport=tcp;user=phone sip:0049892@10.9.0.2;user=phone",
    );
    assert.match(outcomeOf({ ...alice, config, uri: "sip:112@home;user=phone" }), /^proxy sip:112@10\.9\.0\.1/);
    assert.match(outcomeOf({ ...alice, config, uri: "sip:+4930100@home" }), /^proxy sip:bob@192/);
    assert.equal(outcomeOf({ ...alice, config, uri: "tel:+1555" }), "reject 404");
  });
});

describe("a static route", () => {
  it("sends a request on with its Request-URI unchanged", () => {
    const config = { routes: [{ name: "peer", match: { domain: "*.lab.example" }, to: "sip:127.0.0.1:7000" }] };
    const { decision } = decideOn({ ...alice, config, uri: "sip:a%20b@x.lab.example;unknown" });
    assert.ok(decision.type === "proxy");
    assert.equal(decision.by, "peer");
    assert.equal(decision.targets[0]?.uri, "sip:a%20b@x.lab.example;unknown");
    assert.equal(decision.targets[0]?.locate, "sip:127.0.0.1:7000");
  });

  it("may carry a scheme that nobody here understands; without one it is refused (416)", () => {
    const config = { routes: [{ name: "beep", match: { scheme: "soap.beep" }, to: "sip:10.1.1.1" }] };
    assert.equal(outcomeOf({ ...alice, config, uri: "soap.beep://x/y" }), "proxy soap.beep://x/y");
    assert.equal(outcomeOf({ ...alice, uri: "soap.beep://x/y" }), "reject 416");
  });

  it("redirects and rejects", () => {
    const routes = [
      { name: "moved", match: { user: "sales*" }, redirect: { contacts: ["sip:new.example"].map((uri) => ({ uri })) } },
      { name: "closed", match: { user: "fax" }, reject: { status: 603, reason: "Decline" } },
    ];
    assert.equal(
      outcomeOf({ ...alice, config: { routes }, uri: "sip:sales1@home" }),
      "redirect 302 <sip:sales1@new.example>",
    );
    assert.equal(outcomeOf({ from: "sip:eve@x.example", config: { routes }, uri: "sip:fax@home" }), "reject 603");
  });

  it("is tried in order, by method, and after the subscribers where it is a fallback", () => {
    const routes = [
      { name: "texts", match: { methods: ["MESSAGE"] }, to: "sip:10.1.1.1" },
      { name: "rest", match: { domain: "home" }, fallback: true, to: "sip:10.2.2.2" },
    ];
    const by = (request: Request) => {
      const { decision } = decideOn({ ...alice, config: { routes }, ...request });
      return decision.type === "proxy" ? decision.by : decision.type;
    };
    assert.equal(by({ method: "MESSAGE" }), "texts");
    assert.equal(by({}), "location");
    assert.equal(by({ uri: "sip:nobody@home" }), "rest");
  });
});

describe("somebody else's domain", () => {
  it("is reached by who proved to be one of ours", () => {
    assert.equal(outcomeOf({ ...alice, uri: "sip:x@elsewhere.example" }), "proxy sip:x@elsewhere.example");
  });

  it("is reached by the Route that the sender gives", () => {
    const { decision } = decideOn({ ...alice, route: "sip:p.example;lr" });
    assert.ok(decision.type === "proxy");
    assert.deepEqual([decision.targets[0]?.uri, decision.targets[0]?.locate], ["sip:bob@home", "sip:p.example;lr"]);
  });
});

describe("REGISTER", () => {
  const register = (more: Request): string =>
    outcomeOf({ method: "REGISTER", uri: "sip:home", to: "sip:alice@home", ...more });

  it("is challenged, then admitted for the address that authenticated", () => {
    assert.equal(register({}), "challenge 401 home");
    assert.equal(register({ outcome: STALE, user: "alice" }), "challenge 401 home stale");
    assert.equal(register(alice), "register alice@home");
    assert.equal(register({ ...alice, uri: "sip:127.0.0.1", to: "sip:alice@10.0.0.1:5060" }), "register alice@home");
  });

  it("by an alias registers the subscriber", () => {
    assert.equal(register({ ...alice, to: "sip:al@home", from: "sip:al@home" }), "register alice@home");
  });

  it("for another's address is refused", () => {
    assert.equal(register({ ...alice, to: "sip:bob@home" }), "reject 403");
    assert.equal(register({ ...alice, from: "sip:bob@home" }), "reject 403");
  });

  it("is for our domains only, and for a SIP address that exists (RFC 3261 §10.3)", () => {
    assert.equal(register({ ...alice, uri: "sip:elsewhere.example" }), "reject 403");
    assert.equal(register({ ...alice, to: "sip:alice@elsewhere.example" }), "reject 404");
    assert.equal(register({ ...alice, to: "isbn:2983792873" }), "reject 400");
    assert.equal(register({ ...alice, to: "sip:home" }), "reject 404");
    assert.equal(register({ ...alice, uri: "tel:+49" }), "reject 416");
  });

  it("needs no credentials where the domain asks for none", () => {
    const lab = { uri: "sip:lab.example", to: "sip:null-%00-null@lab.example", from: "sip:x@lab.example" };
    assert.equal(register(lab), "register null-\0-null@lab.example");
  });

  it("is not excused by coming from a trunk", () => {
    const config = { trunks: [{ name: "t", to: "sip:10.9.0.1", sources: ["10.9.0.1"] }] };
    assert.equal(register({ config, source: "10.9.0.1" }), "challenge 401 home");
  });
});
