import { latin1 } from "@sipmesh/environment";
import type { Address, Draft, Message } from "@sipmesh/sip";
import { parseDatagram, StreamFramer, toBytes, validate } from "@sipmesh/sip";
import type { Connection, ConnectionHandlers, Listener, UdpSocket } from "@sipmesh/transport";
import type { MessageLog } from "./message-log.ts";
import { type Peer, peerText } from "./peer.ts";
import type { Surroundings } from "./surroundings.ts";

/** Where a message came from, and how an answer gets back there. */
export interface Source {
  readonly peer: Peer;
  readonly connection?: Connection;
}

export interface TransportUser {
  received(message: Message, source: Source): void;
  /** A connection ended: what was sent over it and not answered will not be. */
  broken(peer: Peer): void;
}

const CONNECT_TIMEOUT = 4000;

/** A user agent's sockets: UDP, or TCP with a listener and the connections that it opened (RFC 3261 section 18). */
export class SipTransport {
  readonly transport: Peer["transport"];
  /** As Via and Contact name it. */
  readonly local: Address;
  readonly #surroundings: Surroundings;
  readonly #log: MessageLog;
  readonly #user: TransportUser;
  readonly #connections = new Map<string, Connection>();
  #udp: UdpSocket | undefined;
  #listener: Listener | undefined;

  private constructor(
    transport: Peer["transport"],
    local: Address,
    surroundings: Surroundings,
    log: MessageLog,
    user: TransportUser,
  ) {
    this.transport = transport;
    this.local = local;
    this.#surroundings = surroundings;
    this.#log = log;
    this.#user = user;
  }

  static async open(
    at: Address & { readonly transport: Peer["transport"] },
    surroundings: Surroundings,
    log: MessageLog,
    user: TransportUser,
  ): Promise<SipTransport> {
    const { network } = surroundings;
    const { transport, address, port } = at;
    // Nothing can come before the caller has the transport: who would answer it?
    let open: SipTransport | undefined;
    if (transport === "udp") {
      const udp = await network.udp({
        address,
        port,
        receive(bytes, from) {
          if (open !== undefined) open.#datagram(bytes, from);
        },
        // Retransmission and Timer F decide: an ICMP error may be of a server that is just starting again.
        failed: () => {},
      });
      open = new SipTransport(transport, { address, port: udp.local.port }, surroundings, log, user);
      open.#udp = udp;
      return open;
    }
    const listener = await network.listen({
      address,
      port,
      accepted: (connection) =>
        open === undefined ? { received: () => {}, closed: () => {} } : open.#accept(connection),
    });
    open = new SipTransport(transport, { address, port: listener.local.port }, surroundings, log, user);
    open.#listener = listener;
    return open;
  }

  /** To a peer; over TCP on the connection that there is, or a new one. */
  send(draft: Draft, peer: Peer): void {
    this.#log.sent(this.#surroundings.clock.now(), draft, peer);
    const bytes = toBytes(draft.head, draft.body, latin1.encodeInto);
    if (peer.transport === "udp") this.#udp?.send(bytes, peer.port, peer.address);
    else if (!this.#connectionTo(peer).write(bytes)) this.#user.broken(peer);
  }

  /** An answer goes where its request came from (RFC 3261 section 18.2.2, RFC 3581). */
  reply(draft: Draft, source: Source): void {
    const { connection } = source;
    if (connection === undefined) {
      this.send(draft, source.peer);
      return;
    }
    this.#log.sent(this.#surroundings.clock.now(), draft, source.peer);
    connection.write(toBytes(draft.head, draft.body, latin1.encodeInto));
  }

  /** Keeps the way through NATs and idle time-outs open (RFC 5626 section 3.5.1). */
  ping(peer: Peer): void {
    const bytes = latin1.encode("\r\n\r\n");
    if (peer.transport === "udp") this.#udp?.send(bytes, peer.port, peer.address);
    else this.#connections.get(peerText(peer))?.write(bytes);
  }

  async close(): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    await this.#udp?.close();
    await this.#listener?.close();
  }

  #connectionTo(peer: Peer): Connection {
    const name = peerText(peer);
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    const { handlers, attach } = this.#handlers(peer);
    const connection = this.#surroundings.network.connect(
      {
        remote: { address: peer.address, port: peer.port },
        localAddress: this.local.address,
        timeout: CONNECT_TIMEOUT,
      },
      handlers,
    );
    attach(connection);
    this.#connections.set(name, connection);
    return connection;
  }

  #accept(connection: Connection): ConnectionHandlers {
    const { handlers, attach } = this.#handlers({ ...connection.remote, transport: "tcp" });
    attach(connection);
    this.#connections.set(peerText(connection.remote), connection);
    return handlers;
  }

  #handlers(peer: Peer): { handlers: ConnectionHandlers; attach(connection: Connection): void } {
    const framer = new StreamFramer(latin1.decode);
    let connection: Connection | undefined;
    return {
      attach: (made) => {
        connection = made;
      },
      handlers: {
        received: (bytes) => {
          for (const event of framer.push(bytes)) {
            if (event.type === "ping") connection?.write(latin1.encode("\r\n"));
            else if (event.type === "problem") connection?.close();
            else this.#message(event.message, connection === undefined ? { peer } : { peer, connection });
          }
        },
        closed: () => {
          const name = peerText(peer);
          if (this.#connections.get(name) === connection) this.#connections.delete(name);
          this.#user.broken(peer);
        },
      },
    };
  }

  #datagram(bytes: Uint8Array, from: Address): void {
    const parsed = parseDatagram(bytes, latin1.decode);
    if (!parsed.ok || "keepAlive" in parsed) return;
    this.#message(parsed.message, { peer: { address: from.address, port: from.port, transport: "udp" } });
  }

  #message(message: Message, source: Source): void {
    // A phone owes nothing to who sends what is no SIP: it keeps still.
    if (validate(message) !== undefined) return;
    this.#log.received(this.#surroundings.clock.now(), message, source.peer);
    this.#user.received(message, source);
  }
}
