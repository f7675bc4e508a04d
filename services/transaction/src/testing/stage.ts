import { createHmac } from "node:crypto";
import { type Inbound, memoryBus, type Outbound } from "@sipmesh/bus";
import type { Cluster, Instance, Member } from "@sipmesh/cluster";
import { defaults } from "@sipmesh/config";
import { latin1, systemRandom } from "@sipmesh/environment";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { type LocationService as Location, LocationService } from "@sipmesh/proto/location";
import { type MediaService as Media, MediaService } from "@sipmesh/proto/media";
import { type RouteDecision, type RoutingService as Routing, RoutingService } from "@sipmesh/proto/routing";
import { directRpc, type Handlers } from "@sipmesh/rpc";
import type { Context, Service } from "@sipmesh/runtime";
import {
  type Flow,
  parseDatagram,
  type Request,
  type RequestOptions,
  type Response,
  request,
  toBytes,
} from "@sipmesh/sip";
import type { Sealer } from "@sipmesh/sip-core";
import { type Registry, silentTelemetry } from "@sipmesh/telemetry";
import { type TransactionConfig, transactionSection } from "../config.ts";
import { transaction } from "../module.ts";

const hmac = (text: string) => createHmac("sha256", "tests").update(text).digest();

/** Tokens and marks as long as the real ones, authenticated, not encrypted. */
const sealer: Sealer & { traceId(text: string): string } = {
  seal(content, bound) {
    const tag = hmac(`${Buffer.from(content).toString("hex")} ${bound}`).subarray(0, 29);
    return Buffer.concat([tag, content]).toString("base64url");
  },
  open(token, bound) {
    const bytes = Buffer.from(token, "base64url");
    const content = bytes.subarray(29);
    const tag = hmac(`${content.toString("hex")} ${bound}`).subarray(0, 29);
    return content.length > 0 && tag.equals(bytes.subarray(0, 29)) ? new Uint8Array(content) : undefined;
  },
  mark: (text) =>
    Array.from(hmac(text).subarray(0, 13), (byte) => "abcdefghijklmnopqrstuvwxyz234567"[byte & 31]).join(""),
  traceId: (text) => hmac(text).toString("hex").slice(0, 32),
};

const edge: Instance = {
  id: "edge-1",
  node: "here",
  targets: ["edge"],
  members: [],
  addresses: [
    { transport: "udp", address: "192.0.2.1", port: 5060 },
    { transport: "tcp", address: "192.0.2.1", port: 5060 },
  ],
};
/** The relay runs in the process of the service. */
const relay: Instance = { id: "self-1", node: "here", targets: ["media"], members: [] };

/** The platform around one transaction service: its bus and clock are the tests', the others answer as they are told. */
export interface StageOptions {
  readonly config?: Partial<TransactionConfig>;
  readonly routing?: Partial<Handlers<typeof Routing>>;
  readonly location?: Partial<Handlers<typeof Location>>;
  readonly media?: Partial<Handlers<typeof Media>>;
  /** Who owns every call; the service itself unless set. */
  readonly owner?: string;
}

export interface Sent {
  readonly message: Request | Response;
  readonly to: string;
  readonly outbound: Outbound;
}

export class Stage {
  readonly clock = new VirtualClock();
  readonly bus = memoryBus();
  readonly metrics: Registry;
  readonly sent: Sent[] = [];
  readonly passed: Inbound[] = [];
  service!: Service;
  readonly #owner: Member;

  private constructor(metrics: Registry, owner: string) {
    this.metrics = metrics;
    this.#owner = { id: owner, instance: owner, node: "here" };
  }

  static async begin(options: StageOptions = {}): Promise<Stage> {
    const telemetry = silentTelemetry();
    const stage = new Stage(telemetry.metrics as Registry, options.owner ?? "self-1");
    const rpc = directRpc({ clock: stage.clock, instance: "self-1" });
    if (options.routing) rpc.serve(RoutingService, { route: unasked, locate: unasked, ...options.routing });
    if (options.location) rpc.serve(LocationService, { register: unasked, lookup: unasked, ...options.location });
    if (options.media) rpc.serve(MediaService, { ...noMedia, ...options.media });
    stage.bus.subscribe("sipmesh.edge.edge-1", (envelope) => {
      if (envelope.kind === "outbound") stage.#take(envelope);
    });
    stage.bus.subscribe("sipmesh.transaction.other-1", (envelope) => {
      if (envelope.kind === "inbound") stage.passed.push(envelope);
    });
    const context = {
      clock: stage.clock,
      bus: stage.bus,
      rpc,
      telemetry,
      sealer,
      cluster: stage.#cluster(),
      instance: "self-1",
      random: systemRandom(),
    };
    // The service asks for nothing else of its context.
    stage.service = await transaction.start(context as unknown as Context, {
      ...defaults(transactionSection),
      ...options.config,
    });
    return stage;
  }

  /** What was sent since the last time: "200 → 198.51.100.7" or "INVITE → 203.0.113.1". */
  get words(): string[] {
    return this.sent
      .splice(0)
      .map(({ message, to }) => `${message.kind === "request" ? message.method : message.status} → ${to}`);
  }

  get last(): Message {
    return this.sent.at(-1)?.message ?? fail("nothing was sent");
  }

  /** The last request of that method that was sent. */
  request(method: string): Request {
    const found = this.sent.findLast(({ message }) => message.kind === "request" && message.method === method)?.message;
    return found?.kind === "request" ? found : fail(`no ${method} was sent`);
  }

  receive(draft: { readonly head: string; readonly body: Uint8Array }, from: Flow, membership = 1): Promise<void> {
    const raw = toBytes(draft.head, draft.body, latin1.encodeInto);
    const parsed = parseDatagram(raw, latin1.decode);
    if (!("message" in parsed) || !parsed.ok) throw new Error(`not a message: ${draft.head}`);
    this.bus.publish("sipmesh.transaction.self-1", {
      kind: "inbound",
      message: parsed.message,
      raw,
      flow: from,
      membership,
      passedOn: 0,
    });
    return settled();
  }

  #take(outbound: Outbound): void {
    const parsed = parseDatagram(outbound.raw, latin1.decode);
    if (!("message" in parsed) || !parsed.ok) throw new Error("not a message that leaves");
    const to = outbound.flow?.remote.address ?? outbound.destination?.address.address ?? "nowhere";
    this.sent.push({ message: parsed.message, to, outbound });
  }

  #cluster(): Cluster {
    const owner = this.#owner;
    const self: Instance = { id: "self-1", node: "here", targets: ["transaction"], members: ["self-1"] };
    return {
      self,
      instances: (target) => [edge, relay, self].filter(({ targets }) => targets.includes(target)),
      membership: { number: 1, members: [{ id: "self-1", instance: "self-1", node: "here" }] },
      ownerOf: () => owner,
      successorOf: () => undefined,
      formerHoldersOf: () => [],
      onChange: () => ({ close() {} }),
      announce() {},
      state: "settled",
      async leave() {},
      stop() {},
    };
  }
}

type Message = Request | Response;

const unasked = (): never => fail("the test expects nobody to ask this");
const noMedia = { offer: unasked, answer: unasked, reject: unasked, delete: unasked, query: unasked };

function fail(why: string): never {
  throw new Error(why);
}

export function flowFrom(address: string, transport: Flow["transport"] = "udp"): Flow {
  return {
    edge: "edge-1",
    transport,
    local: { address: "192.0.2.1", port: 5060 },
    remote: { address, port: 5060 },
    connection: transport === "udp" ? 0 : 7,
  };
}

export const alice = flowFrom("198.51.100.7");
export const bob = flowFrom("203.0.113.1");

/** A request of Alice's to Bob. */
export function fromAlice(method: string, changes: Partial<RequestOptions> = {}) {
  return request({
    method,
    uri: "sip:bob@example.com",
    via: `SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-alice-${changes.cseq ?? 1}-${method};rport=5060;received=198.51.100.7`,
    from: "<sip:alice@example.com>;tag=alice",
    to: "<sip:bob@example.com>",
    callId: "call-1",
    cseq: 1,
    contact: "<sip:alice@198.51.100.7:5060>",
    ...changes,
  });
}

/** Routing's word: proxy to Bob's phones at these addresses. */
export function toPhones(...addresses: readonly string[]): RouteDecision {
  return {
    decision: {
      $case: "proxy",
      value: {
        recordRoute: true,
        media: 3,
        ringTime: 60,
        targets: addresses.map((address) => ({
          uri: `sip:bob@${address}:5060`,
          route: [],
          flow: undefined,
          q: 1000,
          hops: [{ transport: 1, address: { address, port: 5060 }, host: "" }],
          nat: false,
        })),
      },
    },
    identity: "",
    realm: "",
  };
}
