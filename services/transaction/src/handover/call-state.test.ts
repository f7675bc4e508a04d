import assert from "node:assert/strict";
import { test } from "node:test";
import { latin1 } from "@sipmesh/environment";
import { type Message, Name, parseDatagram, type Request, response, toBytes } from "@sipmesh/sip";
import {
  type ProxyEffect,
  type ProxyEvent,
  type ProxyTools,
  proxy,
  type ResponseContext,
  rfcTimers,
  startProxy,
  type Target,
} from "@sipmesh/sip-core";
import fc from "fast-check";
import { alice, bob, flowFrom, fromAlice } from "../testing/stage.ts";
import { type CallState, decodeCallState, encodeCallState } from "./call-state.ts";

const tools: ProxyTools = {
  sealer: {
    seal: () => "sealed-token-of-some-length",
    open: () => undefined,
    mark: (text) => `mark${text.length.toString(36)}`,
  },
  owner: 42,
  isOwn: () => false,
  timers: rfcTimers,
  capabilities: [],
};

const body = Buffer.from(
  "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
);

function received(draft: { readonly head: string; readonly body: Uint8Array }): Message {
  const parsed = parseDatagram(toBytes(draft.head, draft.body, latin1.encodeInto), latin1.decode);
  if (!parsed.ok || "keepAlive" in parsed) throw new Error("the test's own message cannot be read");
  return parsed.message;
}

const targets: Target[] = ["203.0.113.1", "203.0.113.2", "203.0.113.3"].map((address, index) => ({
  uri: `sip:bob@${address}`,
  route: index === 1 ? ["<sip:path.example.com;lr>"] : [],
  q: index === 2 ? 500 : 1000,
  nat: index === 0,
  ways: [
    { edge: "edge-1", transport: "udp", local: alice.local, flow: flowFrom(address) },
    { edge: "edge-2", transport: "tcp", local: alice.local, remote: { address, port: 5060 }, host: "b.example.com" },
  ],
}));

type Happening =
  | { readonly what: "event"; readonly event: ProxyEvent }
  | { readonly what: "status"; readonly branch: number; readonly status: number };

const statuses = [100, 180, 183, 200, 302, 401, 407, 480, 486, 487, 503, 603];
const branch = fc.integer({ min: 0, max: 3 });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ what: fc.constant("status" as const), branch, status: fc.constantFrom(...statuses) }),
  fc
    .constantFrom<ProxyEvent>(
      { type: "request", flow: alice },
      { type: "targets", targets, plan: { recordRoute: true, media: "always", ringTime: 60_000, vouched: true } },
      {
        type: "targets",
        targets,
        plan: { recordRoute: false, media: "never", ringTime: 0, vouched: false, consumedRealm: "r" },
      },
      { type: "answer", status: 404 },
      { type: "cancel", message: received(fromAlice("CANCEL")) as Request, flow: alice },
      { type: "described", exchange: 1, sdp: body, instance: 7 },
      { type: "described", exchange: 2, sdp: body, instance: 7 },
      { type: "described", exchange: 3, instance: 0 },
      { type: "timer", owner: "server", branch: -1, timer: "trying" },
      { type: "timer", owner: "client", branch: 0, timer: "A" },
      { type: "timer", owner: "client", branch: 0, timer: "B" },
      { type: "timer", owner: "proxy", branch: 0, timer: "ring" },
      { type: "unsent", owner: "client", branch: 1 },
    )
    .map((event) => ({ what: "event" as const, event })),
);

/** What a context has come to. */
function run(method: string, happenings: readonly Happening[]): ResponseContext {
  const invite = received(fromAlice(method, { body, contentType: "application/sdp" })) as Request;
  const requests = new Map<number, Request>();
  const sent = (effects: readonly ProxyEffect[]) => {
    for (const effect of effects) {
      if (effect.type === "forward" && effect.method === method)
        requests.set(effect.branch, received(effect.message) as Request);
    }
  };
  let { state, effects } = startProxy(invite, alice, "offer", tools);
  sent(effects);
  for (const one of happenings) {
    let event: ProxyEvent | undefined;
    if (one.what === "event") event = one.event;
    else {
      const request = requests.get(one.branch);
      const draft =
        request &&
        response(request, one.status, {
          toTag: `bob-${one.branch}`,
          headers: [["WWW-Authenticate", 'Digest realm="r", nonce="n"']],
          ...(one.status === 183 && { body, contentType: "application/sdp" }),
        });
      if (draft === undefined) continue;
      const message = received(draft);
      if (message.kind === "response")
        event = { type: "response", branch: one.branch, message, source: bob.remote.address };
    }
    // Timers and failures are of branches that are there.
    if (event === undefined || ("branch" in event && event.branch >= state.branches.length)) continue;
    ({ state, effects } = proxy(state, event, tools));
    sent(effects);
    if (effects.some(({ type }) => type === "terminated")) break;
  }
  return state;
}

/** As plain data: messages by their bytes; what is read from the request anew is left out. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if ("fields" in value && "head" in value) {
    const { head, body: content } = value as Message;
    return { head, body: plain(content) };
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => key !== "route" || Array.isArray(one))
      .filter(([, one]) => one !== undefined)
      .map(([key, one]) => [key, plain(one)]),
  );
}

const around = (context: ResponseContext): CallState => ({
  key: "z9hG4bK-1 alice INVITE",
  method: context.method,
  age: 1200,
  withoutOffer: "",
  keepAlive: 0,
  trace: { traceId: "0123456789abcdef0123456789abcdef", spanId: "0123456789abcdef", sampled: true },
  context,
  timers: [
    { owner: "proxy", branch: 0, timer: "ring", after: 40_000 },
    { owner: "server", branch: -1, timer: "trying", after: 100 },
  ],
});

test("whatever a context has come to, it travels whole", () => {
  fc.assert(
    fc.property(fc.constantFrom("INVITE", "MESSAGE"), fc.array(happening, { maxLength: 14 }), (method, happenings) => {
      const state = around(run(method, happenings));
      const travelled = decodeCallState(encodeCallState(state), 0);
      assert.deepEqual(plain(travelled), plain(state));
    }),
    { numRuns: 300 },
  );
});

test("time goes on while it travels: what was due meanwhile is due now", () => {
  const state = decodeCallState(encodeCallState(around(run("INVITE", []))), 500);
  assert.equal(state.age, 1700);
  assert.deepEqual(
    state.timers.map(({ after }) => after),
    [39_500, 0],
  );
});

test("damaged bytes, and words of another release, are refused and never half read", () => {
  const bytes = encodeCallState(around(run("INVITE", [])));
  assert.throws(() => decodeCallState(bytes.subarray(0, 40), 0));
  const later = Buffer.from(bytes);
  later.write("ROUTING", later.indexOf("routing"), "latin1");
  assert.throws(() => decodeCallState(later, 0), /says "ROUTING", which is none of routing, forwarding, over/);
});

test("the request of a server transaction is the one of its context", () => {
  const { context } = decodeCallState(encodeCallState(around(run("INVITE", []))), 0);
  assert.equal(context.request?.first(Name.CallId), "call-1");
  assert.ok(context.server !== undefined && "request" in context.server && context.server.request === context.request);
});
