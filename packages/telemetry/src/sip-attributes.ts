import type { AttributeDefinition, EventDefinition } from "./catalogue.ts";

/** The attributes that describe SIP in spans and events: one catalogue for all services. */
export const attribute = {
  callId: "sip.call_id",
  method: "sip.method",
  requestUri: "sip.request_uri",
  statusCode: "sip.status_code",
  reasonPhrase: "sip.reason_phrase",
  cseq: "sip.cseq",
  from: "sip.from",
  to: "sip.to",
  branch: "sip.branch",
  transport: "sip.transport",
  peer: "sip.peer",
  addressOfRecord: "sip.address_of_record",
  target: "sip.target",
  direction: "sip.direction",
  retransmissions: "sip.retransmissions",
  timer: "sip.timer",
  bindings: "sip.bindings",
  action: "sip.routing.action",
  domain: "sip.domain",
  mediaSession: "sip.media.session",
  mediaVerb: "sip.media.verb",
  instance: "sipmesh.instance",
  errorCode: "sipmesh.error.code",
} as const;

/** The attributes that every service may set, as the reference page explains them. */
export const sipAttributes: readonly AttributeDefinition[] = [
  { name: attribute.callId, help: "Call-ID: the way to find a call." },
  { name: attribute.method, help: "Request method, as received." },
  { name: attribute.requestUri, help: "Request-URI." },
  { name: attribute.statusCode, help: "Status code of the response; on a transaction's span, of its final response." },
  { name: attribute.reasonPhrase, help: "Reason phrase of that response." },
  { name: attribute.cseq, help: "Sequence number of the request." },
  { name: attribute.from, help: "URI of the From header field." },
  { name: attribute.to, help: "URI of the To header field." },
  { name: attribute.branch, help: "Branch of the topmost Via: names the transaction in a packet trace." },
  { name: attribute.transport, help: "Transport of the flow: udp, tcp, tls, ws or wss." },
  { name: attribute.peer, help: "Address and port of the peer." },
  { name: attribute.addressOfRecord, help: "Address of record that was looked up or registered." },
  { name: attribute.target, help: "URI of the target that this branch of the call goes to." },
  { name: attribute.direction, help: "received or sent." },
  { name: attribute.retransmissions, help: "How often messages of this transaction were sent again." },
  { name: attribute.timer, help: "Name of the timer that fired (RFC 3261, Table 4)." },
  { name: attribute.bindings, help: "Number of bindings found or stored." },
  { name: attribute.action, help: "What routing decided: proxy, redirect, reject or challenge." },
  { name: attribute.domain, help: "Domain that the request was for." },
  { name: attribute.mediaSession, help: "Media session that relays the call's audio." },
  { name: attribute.mediaVerb, help: "offer, answer, delete or query." },
  { name: attribute.instance, help: "Instance that did the work." },
  { name: attribute.errorCode, help: "Stable code of what went wrong (reference/errors.md)." },
];

/** The events that spans carry. */
export const event = {
  received: "sip.received",
  sent: "sip.sent",
  retransmission: "sip.retransmission",
  adopted: "sip.adopted",
  handedOver: "sip.handed_over",
  timer: "sip.timer.fired",
  exception: "exception",
} as const;

export const sipEvents: readonly EventDefinition[] = [
  { name: event.received, help: "A message arrived." },
  { name: event.sent, help: "A message was sent." },
  { name: event.adopted, help: "This process went on with a transaction of one that is gone, or that handed it over." },
  { name: event.handedOver, help: "Another process goes on with the transaction from here." },
  { name: event.retransmission, help: "A message arrived again or was sent again (see sip.direction)." },
  { name: event.timer, help: "A transaction's timer fired." },
  { name: event.exception, help: "An exception was caught and answered." },
];
