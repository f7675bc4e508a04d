import { createHmac } from "node:crypto";
import { type Bus, type Confirm, type Inbound, memoryBus, type Outbound } from "@sipmesh/bus";
import type { Cluster, Instance, Member, Membership } from "@sipmesh/cluster";
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

/** The platform around one transaction service: its bus and clock are the tests', the others answer as they are told. */
export interface StageOptions {
  readonly config?: Partial<TransactionConfig>;
  readonly routing?: Partial<Handlers<typeof Routing>>;
  readonly location?: Partial<Handlers<typeof Location>>;
  readonly media?: Partial<Handlers<typeof Media>>;
  /** Who owns every call; the service itself unless set. */
  readonly owner?: string;
  /** The member's name; "self-1" unless set. */
  readonly name?: string;
  /** Bus, clock and list of owners that several stages share; its own unless set. */
  readonly ground?: Ground;
}

/** What members share. The first on the list owns every call, the second is its successor. */
export class Ground {
  readonly clock = new VirtualClock();
  readonly bus = memoryBus();
  /** Who is there, whether on the list or not. */
  readonly present: Set<string>;
  /** Members that hear of no other list. */
  readonly deaf = new Set<string>();
  /** Members that have heard nothing for a while. */
  readonly doubtful = new Set<string>();
  state: Cluster["state"] = "settled";
  readonly #views = new Map<string, View>();
  /** What members have said that has not left. */
  readonly #late = new Map<string, (() => void)[]>();
  readonly #former: (readonly string[])[] = [];
  #list: Membership;

  constructor(...members: readonly string[]) {
    this.present = new Set(members);
    this.#list = { number: 1, members: members.map(memberOf) };
  }

  /** Another list holds from here on. Who is on it is there. */
  list(...members: readonly string[]): void {
    this.#former.push(this.#list.members.map(({ id }) => id));
    for (const member of members) this.present.add(member);
    this.#list = { number: this.#list.number + 1, members: members.map(memberOf) };
    for (const [name, view] of this.#views) {
      if (this.deaf.has(name)) continue;
      view.list = this.#list;
      for (const run of view.listeners) run();
    }
  }

  /** The bus as that member has it. */
  busOf(name: string): Bus {
    const publish: Bus["publish"] = (subject, envelope) => {
      const send = () => this.bus.publish(subject, envelope);
      const late = this.#late.get(name);
      if (late === undefined) send();
      else late.push(send);
    };
    return new Proxy(this.bus, {
      get(bus, key: keyof Bus) {
        if (key === "publish") return publish;
        const part = bus[key];
        return typeof part === "function" ? part.bind(bus) : part;
      },
    });
  }

  /** That member falls asleep before what it says has left. @returns what wakes it */
  hold(name: string): { release(): void } {
    const late: (() => void)[] = [];
    this.#late.set(name, late);
    return {
      release: () => {
        this.#late.delete(name);
        for (const send of late) send();
      },
    };
  }

  cluster(name: string): Cluster {
    const view: View = { list: this.#list, listeners: new Set() };
    const ground = this;
    this.#views.set(name, view);
    const self: Instance = { id: name, node: "here", targets: ["transaction"], members: [name] };
    // The relay runs in the process of the service.
    const relay: Instance = { id: name, node: "here", targets: ["media"], members: [] };
    const reachable = (place: number) => {
      const former = new Set(this.#former.map((list) => list[place]).filter((id) => id !== undefined));
      return [...former]
        .filter((id) => id !== view.list.members[0]?.id)
        .filter((id) => this.present.has(id) || view.list.members.some((member) => member.id === id))
        .map(memberOf);
    };
    return {
      self,
      instances(target) {
        const others = [...ground.present].filter((id) => id !== name).map((id) => ({ ...self, id, members: [id] }));
        return [edge, relay, self, ...others].filter(({ targets }) => targets.includes(target));
      },
      get membership() {
        return view.list;
      },
      ownerOf: () => view.list.members[0],
      successorOf: () => view.list.members[1],
      isGone: ({ id }) => !this.present.has(id),
      formerOwnersOf: () => reachable(0),
      formerSuccessorsOf: () => reachable(1),
      onChange(run) {
        view.listeners.add(run);
        return { close: () => void view.listeners.delete(run) };
      },
      complete: true,
      get doubtful() {
        return ground.doubtful.has(name);
      },
      announce: ({ members }) => {
        if (members?.length === 0) this.list(...this.#list.members.map(({ id }) => id).filter((id) => id !== name));
      },
      get state() {
        return ground.state;
      },
      async leave() {},
      stop() {},
    };
  }
}

/** The list as one member knows it. */
interface View {
  list: Membership;
  readonly listeners: Set<() => void>;
}

const memberOf = (id: string): Member => ({ id, instance: id, node: id });

export interface Sent {
  readonly message: Request | Response;
  readonly to: string;
  readonly outbound: Outbound;
}

export class Stage {
  readonly name: string;
  readonly clock: VirtualClock;
  readonly bus: Bus;
  readonly metrics: Registry;
  readonly sent: Sent[] = [];
  readonly passed: Inbound[] = [];
  service!: Service;

  private constructor(metrics: Registry, name: string, ground: Ground) {
    this.metrics = metrics;
    this.name = name;
    this.clock = ground.clock;
    this.bus = ground.bus;
  }

  static async begin(options: StageOptions = {}): Promise<Stage> {
    const telemetry = silentTelemetry();
    const name = options.name ?? "self-1";
    const ground = options.ground ?? new Ground(...(options.owner === undefined ? [name] : [options.owner, name]));
    const stage = new Stage(telemetry.metrics as Registry, name, ground);
    const rpc = directRpc({ clock: stage.clock, instance: name });
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
      bus: ground.busOf(name),
      rpc,
      telemetry,
      sealer,
      cluster: ground.cluster(name),
      instance: name,
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

  receive(
    draft: { readonly head: string; readonly body: Uint8Array },
    from: Flow,
    membership = 1,
    confirm?: Confirm,
  ): Promise<void> {
    const raw = toBytes(draft.head, draft.body, latin1.encodeInto);
    const parsed = parseDatagram(raw, latin1.decode);
    if (!("message" in parsed) || !parsed.ok) throw new Error(`not a message: ${draft.head}`);
    this.bus.publish(`sipmesh.transaction.${this.name}`, {
      kind: "inbound",
      message: parsed.message,
      raw,
      flow: from,
      membership,
      passedOn: 0,
      confirm,
    });
    return settled();
  }

  #take(outbound: Outbound): void {
    const parsed = parseDatagram(outbound.raw, latin1.decode);
    if (!("message" in parsed) || !parsed.ok) throw new Error("not a message that leaves");
    const to = outbound.flow?.remote.address ?? outbound.destination?.address.address ?? "nowhere";
    this.sent.push({ message: parsed.message, to, outbound });
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

/** The same, with their media through a relay. */
export const mediaAlways = {
  route: () => {
    const decision = toPhones("203.0.113.1");
    if (decision.decision?.$case === "proxy") decision.decision.value.media = 1;
    return decision;
  },
};

const sdp = Buffer.from("v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n");
/** What makes a message an offer or an answer. */
export const withSdp = { body: sdp, contentType: "application/sdp" };
