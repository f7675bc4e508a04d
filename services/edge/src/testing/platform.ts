import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { type Bus, type Inbound, memoryBus, type Outbound } from "@sipmesh/bus";
import type { Cluster, Instance, Member, Sealer } from "@sipmesh/cluster";
import { section } from "@sipmesh/config";
import { latin1, systemClock, systemEventLoop, systemRandom } from "@sipmesh/environment";
import type { Context, Service } from "@sipmesh/runtime";
import { type Draft, type Request, response, toBytes } from "@sipmesh/sip";
import type { Store } from "@sipmesh/store";
import { silentTelemetry, type Telemetry } from "@sipmesh/telemetry";
import { type Network, systemNetwork } from "@sipmesh/transport";
import type { z } from "zod";
import { schema } from "../config.ts";
import { edge } from "../module.ts";

/** Marks by a key of its own: enough of a sealer for the edge. */
const sealer: Sealer = {
  seal: () => {
    throw new Error("the edge seals nothing");
  },
  open: () => undefined,
  mark: (text) => createHmac("sha256", "test").update(text).digest("hex").slice(0, 13),
  traceId: (text) => createHmac("sha256", "test").update(text).digest("hex").slice(0, 32),
};

/** The member that is there. */
export const MEMBER = "m1";
const member = (id: string): Member => ({ id, instance: "transaction-1", node: "n1" });

/** A running edge with everything around it at hand: real loopback sockets, and the bus of this process. */
export interface Platform {
  readonly service: Service;
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly instance: string;
  /** What the owner of every call got, in order. */
  readonly inbound: Inbound[];
  /** Where the edge listens, as it announced. */
  port(transport: "udp" | "tcp"): number;
  /** The member that owns every call; undefined: there is none. */
  owner: string | undefined;
  /** Called for each message that the owner gets, the edge's own OPTIONS excepted. */
  onInbound: (inbound: Inbound) => void;
  /** False: nobody answers the edge's OPTIONS to itself. */
  answersSelf: boolean;
  /** Other edges that presence tells of. */
  others: Instance[];
  publish(outbound: Omit<Outbound, "kind">): void;
  /** Sends a message built by `response` or an edit back over a flow. */
  reply(inbound: Inbound, message: Draft): void;
  next(): Promise<Inbound>;
  announced(): Instance["addresses"];
  stop(): Promise<void>;
}

/** Milliseconds that a test waits for what must come. */
export const PATIENCE = 5000;

export async function startPlatform(
  config: z.input<typeof schema> = {},
  parts: { network?: Network; store?: Store } = {},
): Promise<Platform> {
  const clock = systemClock((error) => {
    throw error;
  });
  const bus = memoryBus();
  const telemetry = silentTelemetry();
  const instance = "edge-test1";
  let addresses: Instance["addresses"];
  const waiters: ((inbound: Inbound) => void)[] = [];
  const unclaimed: Inbound[] = [];
  const cluster: Cluster = {
    self: { id: instance, node: "n1", targets: ["edge"], members: [] },
    instances: () => platform.others,
    get membership() {
      return { number: 7, members: platform.owner === undefined ? [] : [member(platform.owner)] };
    },
    ownerOf: () => (platform.owner === undefined ? undefined : member(platform.owner)),
    successorOf: () => undefined,
    formerOwnersOf: () => [],
    formerSuccessorsOf: () => [],
    isGone: () => false,
    onChange: () => ({ close() {} }),
    announce(facts) {
      addresses = facts.addresses;
    },
    state: "settled",
    doubtful: false,
    complete: true,
    leave: async () => {},
    stop() {},
  };
  const absent = () => {
    throw new Error("the edge does not need it");
  };
  const context = {
    clock,
    eventLoop: systemEventLoop(),
    random: systemRandom(),
    network: parts.network ?? systemNetwork(),
    bus,
    store: parts.store ?? { bucket: absent, state: "away", close: absent },
    rpc: { serve: absent, client: absent },
    cluster,
    sealer,
    telemetry,
    instance,
  } as unknown as Context;

  const platform: Platform = {
    service: undefined as unknown as Service,
    bus,
    telemetry,
    instance,
    inbound: [],
    owner: MEMBER,
    answersSelf: true,
    others: [],
    onInbound() {},
    port(transport) {
      const found = addresses?.find((one) => one.transport === transport);
      if (found === undefined) throw new Error(`no listener for ${transport}`);
      return found.port;
    },
    publish(outbound) {
      bus.publish(`sipmesh.edge.${instance}`, { kind: "outbound", ...outbound });
    },
    reply(inbound, { head, body }) {
      platform.publish({ raw: toBytes(head, body, latin1.encodeInto), flow: inbound.flow });
    },
    next() {
      const waiting = unclaimed.shift();
      if (waiting !== undefined) return Promise.resolve(waiting);
      return within("an inbound message", new Promise((resolve) => waiters.push(resolve)));
    },
    announced: () => addresses,
    async stop() {
      await platform.service.stop();
      clock.close();
      await bus.close();
    },
  };
  bus.subscribe(`sipmesh.transaction.${MEMBER}`, (envelope) => {
    if (envelope.kind !== "inbound") return;
    const { confirm } = envelope;
    if (confirm !== undefined) bus.publish(confirm.to, { kind: "confirmation", numbers: [confirm.number] });
    if (envelope.message.callId.startsWith("edge-check-")) {
      if (platform.answersSelf) platform.reply(envelope, response(envelope.message as Request, 200, { toTag: "t" }));
      return;
    }
    platform.inbound.push(envelope);
    const waiter = waiters.shift();
    if (waiter === undefined) unclaimed.push(envelope);
    else waiter(envelope);
    platform.onInbound(envelope);
  });
  const parsed = section("edge", schema).schema.parse({
    listeners: [
      { transport: "udp", address: "127.0.0.1", port: 0 },
      { transport: "tcp", address: "127.0.0.1", port: 0 },
    ],
    ...config,
  });
  Object.assign(platform, { service: await edge.start(context, parsed) });
  return platform;
}

/** Fails where the promise is not kept in time. */
export async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${PATIENCE} ms`)), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until it is so. */
export async function until(what: string, so: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!so()) {
    if (Date.now() > end) throw new Error(`not within ${PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A peer over UDP. */
export interface Phone {
  readonly port: number;
  readonly got: string[];
  send(message: string | Uint8Array): void;
  next(): Promise<string>;
  close(): void;
}

export async function udpPhone(platformPort: number, address = "127.0.0.1"): Promise<Phone> {
  const socket = createSocket("udp4");
  const got: string[] = [];
  const waiters: ((text: string) => void)[] = [];
  let read = 0;
  socket.on("message", (bytes) => {
    got.push(bytes.toString("latin1"));
    const waiter = waiters.shift();
    if (waiter !== undefined) waiter(got[read++] as string);
  });
  await new Promise<void>((bound) => socket.bind(0, address, bound));
  return {
    port: socket.address().port,
    got,
    send: (message) =>
      socket.send(typeof message === "string" ? Buffer.from(message, "latin1") : message, platformPort, "127.0.0.1"),
    next() {
      const known = got[read];
      if (known !== undefined) {
        read += 1;
        return Promise.resolve(known);
      }
      return within("a datagram", new Promise((resolve) => waiters.push(resolve)));
    },
    close: () => socket.close(),
  };
}

/** A peer over TCP; `text` is all that it has read. */
export interface Caller {
  readonly socket: Socket;
  readonly port: number;
  text: string;
  ended: boolean;
}

export async function tcpPhone(platformPort: number): Promise<Caller> {
  const socket = connect({ host: "127.0.0.1", port: platformPort, noDelay: true });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const caller: Caller = { socket, port: socket.localPort ?? 0, text: "", ended: false };
  socket.on("data", (bytes) => {
    caller.text += bytes.toString("latin1");
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    caller.ended = true;
  });
  return caller;
}

/** A well-formed request; `headers` go before Content-Length. */
export function requestText(options: {
  method?: string;
  uri?: string;
  via: string;
  callId?: string;
  toTag?: string;
  headers?: string;
  body?: string;
}): string {
  const {
    method = "OPTIONS",
    uri = "sip:bob@example.com",
    via,
    callId = "call-1",
    toTag,
    headers = "",
    body = "",
  } = options;
  return (
    `${method} ${uri} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a1\r\n` +
    `To: <sip:bob@example.com>${toTag === undefined ? "" : `;tag=${toTag}`}\r\nCall-ID: ${callId}\r\n` +
    `CSeq: 1 ${method}\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
