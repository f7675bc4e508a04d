import { latin1 } from "@sipmesh/environment";
import { type Address, parseDatagram, type Request, type Response, StreamFramer } from "@sipmesh/sip";
import type { Passage, VirtualInternet } from "./virtual-internet.ts";

/** A SIP message on its way between two hosts. */
export interface Sighting {
  /** Milliseconds since the simulation began. */
  readonly at: number;
  /** Sent, come to whom it was for, or gone astray. */
  readonly what: "sent" | "delivered" | "lost" | "unheard";
  readonly transport: "udp" | "tcp";
  readonly from: Address;
  readonly to: Address;
  readonly message: Request | Response;
  /** All of it, as latin1 text. */
  readonly text: string;
}

/** What watches the messages of a simulation. */
export type Watcher = (sighting: Sighting) => void;

/**
 * Tells each SIP message that is sent or arrives. A connection is read where it is written; what is written counts as
 * delivered at once, as nothing can get lost in it.
 */
export function tapSip(internet: VirtualInternet, watch: Watcher): void {
  const streams = new Map<string, StreamFramer>();
  internet.tap((passage) => {
    for (const { message, text } of messagesOf(passage, streams)) {
      const { at, what, transport, from, to } = passage;
      watch({ at, what, transport, from, to, message, text });
      if (transport === "tcp") watch({ at, what: "delivered", transport, from, to, message, text });
    }
  });
}

function messagesOf(
  { transport, from, to, bytes }: Passage,
  streams: Map<string, StreamFramer>,
): { message: Request | Response; text: string }[] {
  if (transport === "udp") {
    // RTP starts with the bits 10; keep-alives are no messages.
    if (bytes.length < 20 || (bytes[0] ?? 0) >= 128) return [];
    const parsed = parseDatagram(bytes, latin1.decode);
    if (!parsed.ok || "keepAlive" in parsed) return [];
    return [{ message: parsed.message as Request | Response, text: latin1.decode(bytes, 0, bytes.length) }];
  }
  const key = `${from.address}:${from.port} ${to.address}:${to.port}`;
  const framer = streams.get(key) ?? new StreamFramer(latin1.decode);
  streams.set(key, framer);
  return framer.push(bytes).flatMap((event) => {
    if (event.type !== "message") return [];
    const message = event.message as Request | Response;
    return [{ message, text: `${message.head}\r\n${latin1.decode(message.body, 0, message.body.length)}` }];
  });
}

/** Names the transaction that a message belongs to, as its two ends see it (RFC 3261 §17.1.3, §17.2.3). */
export function transactionOf({ message }: Sighting): string {
  const { branch = "", host, port } = message.via;
  const { method } = message.cseq;
  return `${branch} ${host}:${port ?? ""} ${method === "ACK" ? "INVITE" : method}`;
}

/** A message in a few words: "INVITE sip:bob@example.com" or "200 OK (INVITE)". */
export function inWords(message: Request | Response): string {
  if (message.kind === "request") return `${message.method} ${message.uri}`;
  return `${message.status} ${message.reason} (${message.cseq.method})`;
}
