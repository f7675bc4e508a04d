import { isIP } from "node:net";
import type { Bus, Outbound } from "@sipmesh/bus";
import { type Clock, latin1 } from "@sipmesh/environment";
import { type Address, type Flow, parseDatagram } from "@sipmesh/sip";
import { attribute, type Counter, type Telemetry } from "@sipmesh/telemetry";
import type { Pinger } from "./pinger.ts";
import { withoutRetryAfter } from "./retry-after.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";
import { exceptions, sendFailures, sendSpan, type Traffic, traffic } from "./telemetry.ts";
import type { UdpSockets } from "./udp-sockets.ts";

const SLASH = 47;
/** "INV": no other method that is known begins so. */
const isInvite = (raw: Uint8Array) => raw[0] === 73 && raw[1] === 78 && raw[2] === 86;
const PING = Buffer.from("\r\n\r\n");
const PONG = Buffer.from("\r\n");

/** Only a status line has a slash there: a method is a token. */
const isResponse = (raw: Uint8Array) => raw[3] === SLASH;
/** "SIP/2.0 503" */
const isUnavailable = (raw: Uint8Array) => isResponse(raw) && raw[8] === 53 && raw[9] === 48 && raw[10] === 51;

export interface SenderOptions {
  readonly edge: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly sockets: UdpSockets;
  readonly streams: Streams;
  readonly pinger: Pinger;
  /** Whether a peer is one that is told no Retry-After. */
  readonly trusts: (address: string) => boolean;
}

/** Puts messages on the wire: over their flow, or to a destination. What cannot be sent is told to its sender. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #udp: Traffic;
  readonly #tcp: Traffic;
  readonly #failures: Counter;

  constructor(options: SenderOptions) {
    const { metrics } = options.telemetry;
    this.#options = options;
    this.#udp = traffic(metrics, "out", "udp");
    this.#tcp = traffic(metrics, "out", "tcp");
    this.#failures = metrics.counter(sendFailures);
  }

  /** Never throws. */
  send(outbound: Outbound): void {
    let reason: string | undefined;
    try {
      reason = this.#route(outbound);
    } catch (error) {
      const { log, metrics } = this.#options.telemetry;
      metrics.counter(exceptions).add();
      log.error({ err: error }, "a message could not be sent for a fault of the edge");
      reason = "exception";
    }
    if (reason !== undefined) this.#failed(outbound, reason);
    else if (outbound.trace !== undefined) this.#trace(outbound);
  }

  /** Keeps a UDP flow open. */
  ping(flow: Flow): void {
    const socket = this.#options.sockets.of(flow.local, flow.remote);
    socket?.send(PING, flow.remote.port, flow.remote.address);
    this.#udp.keepAlives.add();
    this.#udp.octets.add(PING.length);
  }

  /** Answers a CRLFCRLF (RFC 5626 §3.5.1) over a datagram. */
  pong(local: Address, remote: Address): void {
    this.#options.sockets.of(local, remote)?.send(PONG, remote.port, remote.address);
    this.#udp.keepAlives.add();
    this.#udp.octets.add(PONG.length);
  }

  /** The same over a connection. */
  pongOver(stream: Stream): void {
    if (stream.write(PONG, this.#options.clock.now(), () => {}) !== undefined) return;
    this.#tcp.keepAlives.add();
    this.#tcp.octets.add(PONG.length);
  }

  /** @returns why the message cannot be sent */
  #route(outbound: Outbound): string | undefined {
    const { flow, destination } = outbound;
    const { sockets, streams, edge } = this.#options;
    if (flow !== undefined) {
      if (flow.edge !== edge) return "flow-gone";
      if (flow.transport === "udp") {
        const socket = sockets.of(flow.local, flow.remote);
        if (socket === undefined) return "flow-gone";
        const failure = this.#datagram(outbound, socket, flow.remote);
        if (outbound.keepAlive !== undefined && outbound.keepAlive > 0) {
          this.#options.pinger.keep(flow, outbound.keepAlive);
        }
        return failure;
      }
      const stream = streams.of(flow.connection, flow.remote) ?? this.#back(outbound);
      return stream === undefined ? "flow-gone" : this.#stream(outbound, stream);
    }
    if (destination === undefined) return "no-socket";
    if (destination.transport === "udp") {
      return this.#datagram(outbound, sockets.toward(destination.address), destination.address);
    }
    if (destination.transport !== "tcp") return "no-socket";
    const stream = streams.toward(destination.address);
    return stream === undefined ? "no-socket" : this.#stream(outbound, stream);
  }

  #datagram(outbound: Outbound, socket: ReturnType<UdpSockets["of"]>, to: Address): string | undefined {
    if (socket === undefined) return "no-socket";
    const { failureTo } = outbound;
    const raw = this.#shown(outbound.raw, to.address);
    if (failureTo === undefined) {
      socket.send(raw, to.port, to.address);
    } else {
      socket.send(raw, to.port, to.address, (error) => {
        if (error !== null) this.#failed(outbound, "refused", error.message);
      });
    }
    this.#count(this.#udp, raw);
    return undefined;
  }

  #stream(outbound: Outbound, stream: Stream): string | undefined {
    const raw = this.#shown(outbound.raw, stream.remote.address);
    const now = this.#options.clock.now();
    const failure = stream.write(raw, now, (reason) => this.#failed(outbound, reason));
    if (failure !== undefined) return failure;
    stream.carried(isInvite(raw), now);
    this.#count(this.#tcp, raw);
    return undefined;
  }

  /** The message as this peer is to see it. */
  #shown(raw: Uint8Array, peer: string): Uint8Array {
    return isUnavailable(raw) && this.#options.trusts(peer) ? withoutRetryAfter(raw) : raw;
  }

  /** RFC 3261 §18.2.2: a response whose connection is gone goes to where its topmost Via says. */
  #back(outbound: Outbound): Stream | undefined {
    if (!isResponse(outbound.raw)) return undefined;
    const parsed = parseDatagram(outbound.raw, latin1.decode);
    if (!parsed.ok || "keepAlive" in parsed) return undefined;
    const { via } = parsed.message;
    const address = via.received ?? via.host;
    if (isIP(address) === 0) return undefined;
    return this.#options.streams.toward({ address, port: via.port ?? 5060 });
  }

  #count(counters: Traffic, raw: Uint8Array): void {
    counters.octets.add(raw.length);
    if (isResponse(raw)) counters.responses.add();
    else counters.requests.add();
  }

  #failed(outbound: Outbound, reason: string, detail?: string): void {
    const { bus, telemetry } = this.#options;
    this.#failures.with({ reason }).add();
    const peer = outbound.flow?.remote ?? outbound.destination?.address;
    telemetry.log.debug({ reason, detail, peer, callId: outbound.callId }, "a message could not be sent");
    if (outbound.failureTo === undefined) return;
    bus.publish(outbound.failureTo, {
      kind: "send-failure",
      key: outbound.failureKey ?? "",
      reason: detail === undefined ? reason : `${reason}: ${detail}`,
      callId: outbound.callId ?? "",
    });
  }

  #trace({ trace, flow, destination }: Outbound): void {
    const peer = flow?.remote ?? destination?.address;
    this.#options.telemetry.tracer
      .start(sendSpan, trace, {
        [attribute.transport]: flow?.transport ?? destination?.transport,
        [attribute.peer]: peer && `${peer.address}:${peer.port}`,
        [attribute.instance]: this.#options.edge,
      })
      ?.end();
  }
}
