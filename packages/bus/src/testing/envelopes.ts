import { latin1 } from "@sipmesh/environment";
import { type Flow, parseDatagram } from "@sipmesh/sip";
import type { Inbound, Outbound } from "../bus.ts";

export const FLOW: Flow = {
  edge: "edge-k3j9x",
  transport: "udp",
  local: { address: "192.0.2.10", port: 5060 },
  remote: { address: "2001:db8::7", port: 40123 },
  connection: 0,
};

/** An OPTIONS request whose Call-ID says which it is. */
export function inbound(number: number): Inbound {
  const raw = latin1.encode(
    `OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${number}\r\nMax-Forwards: 70\r\n` +
      `From: <sip:alice@example.com>;tag=1\r\nTo: <sip:example.com>\r\nCall-ID: ${number}\r\nCSeq: ${number} OPTIONS\r\n` +
      `X-Unknown: one\r\nX-Unknown: two\r\nContent-Length: 3\r\n\r\n\0\u00ffb`,
  );
  const parsed = parseDatagram(raw, latin1.decode);
  if (!("message" in parsed) || !parsed.ok) throw new Error("the test's own message cannot be parsed");
  return { kind: "inbound", message: parsed.message, raw, flow: FLOW, membership: 42, passedOn: 0 };
}

export function outbound(key: string, more: Partial<Outbound> = {}): Outbound {
  return { kind: "outbound", raw: latin1.encode(`SIP/2.0 200 OK\r\n\r\n${key}`), flow: FLOW, ...more };
}
