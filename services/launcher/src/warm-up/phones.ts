import { hash } from "@sipmesh/environment";
import { readCredentials } from "@sipmesh/sip";
import { answerValue, readChallenge } from "@sipmesh/sip-core";
import { ADDRESS } from "./loopback.ts";

/** As many users as register at once: of two REGISTERs for one address one waits for the other. */
export const USERS = 20;
/** Of the tried-out platform alone, which nobody reaches. */
export const PASSWORD = "warm-up";

export function userOf(number: number): string {
  return `callee${number % USERS}`;
}

/** Ports of the two phones. */
export const CALLER = 5070;
export const CALLEE = 5071;

const SDP = [
  "v=0",
  `o=- 1 1 IN IP4 ${ADDRESS}`,
  "s=-",
  `c=IN IP4 ${ADDRESS}`,
  "t=0 0",
  "m=audio 6000 RTP/AVP 0 8 101",
  "a=rtpmap:0 PCMU/8000",
  "a=rtpmap:8 PCMA/8000",
  "a=rtpmap:101 telephone-event/8000",
  "a=sendrecv",
  "",
].join("\r\n");

export function register(number: number): string {
  return message(`REGISTER sip:${ADDRESS} SIP/2.0`, "", [
    `Via: SIP/2.0/UDP ${ADDRESS}:${CALLEE};branch=z9hG4bKr${number}`,
    "Max-Forwards: 70",
    `From: <sip:${userOf(number)}@${ADDRESS}>;tag=r${number}`,
    `To: <sip:${userOf(number)}@${ADDRESS}>`,
    `Call-ID: register-${number}@${ADDRESS}`,
    "CSeq: 1 REGISTER",
    `Contact: <sip:${userOf(number)}@${ADDRESS}:${CALLEE}>`,
    "Expires: 3600",
  ]);
}

/** The domain whose subscriber must prove to be who it is. */
export const CLOSED = "closed.warm-up.invalid";

/** A phone at the domain that asks for a password. @param challenged the 401 that it answers */
export function registerClosed(number: number, challenged?: string): string {
  const uri = `sip:${CLOSED}`;
  const cseq = challenged === undefined ? 1 : 2;
  const lines = [
    `Via: SIP/2.0/UDP ${ADDRESS}:${CALLEE};branch=z9hG4bKs${number}-${cseq}`,
    "Max-Forwards: 70",
    `From: <sip:${userOf(number)}@${CLOSED}>;tag=s${number}`,
    `To: <sip:${userOf(number)}@${CLOSED}>`,
    `Call-ID: closed-${number}@${ADDRESS}`,
    `CSeq: ${cseq} REGISTER`,
    `Contact: <sip:${userOf(number)}@${ADDRESS}:${CALLEE}>`,
    "Expires: 3600",
  ];
  const credentials = readCredentials(headerOf(challenged ?? "", "WWW-Authenticate"));
  const challenge = credentials && readChallenge(credentials);
  if (challenge !== undefined) {
    const by = { username: userOf(number), password: PASSWORD, cnonce: "warm-up" };
    const answer = { ...by, method: "REGISTER", uri, body: new Uint8Array(0), count: 1 };
    lines.push(`Authorization: ${answerValue(challenge, answer, hash)}`);
  }
  return message(`REGISTER ${uri} SIP/2.0`, "", lines);
}

/** The number that a message of `registerClosed` was made with. */
export function numberOf(answer: string): number {
  return Number(/^closed-(\d+)@/.exec(headerOf(answer, "Call-ID"))?.[1]);
}

export function invite(number: number): string {
  return message(`INVITE sip:${userOf(number)}@${ADDRESS} SIP/2.0`, SDP, [
    `Via: SIP/2.0/UDP ${ADDRESS}:${CALLER};branch=z9hG4bKi${number}`,
    "Max-Forwards: 70",
    `From: "Caller" <sip:caller@${ADDRESS}:${CALLER}>;tag=c${number}`,
    `To: <sip:${userOf(number)}@${ADDRESS}>`,
    `Call-ID: call-${number}@${ADDRESS}`,
    "CSeq: 1 INVITE",
    `Contact: <sip:caller@${ADDRESS}:${CALLER}>`,
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE",
    "Content-Type: application/sdp",
  ]);
}

/** What the callee says to a request. */
export function response(request: string, status: "180 Ringing" | "200 OK"): string {
  const to = headerOf(request, "To");
  const body = status === "200 OK" && request.startsWith("INVITE ") ? SDP : "";
  return message(`SIP/2.0 ${status}`, body, [
    ...linesOf(request, "Via"),
    ...linesOf(request, "Record-Route"),
    ...linesOf(request, "From"),
    `To: ${to}${to.includes(";tag=") ? "" : ";tag=callee"}`,
    ...linesOf(request, "Call-ID"),
    ...linesOf(request, "CSeq"),
    `Contact: <sip:callee@${ADDRESS}:${CALLEE}>`,
    ...(body === "" ? [] : ["Content-Type: application/sdp"]),
  ]);
}

/** What the caller sends within the dialog that a 200 has set up. */
export function within(answer: string, method: "ACK" | "BYE"): string {
  return message(`${method} sip:callee@${ADDRESS}:${CALLEE} SIP/2.0`, "", [
    `Via: SIP/2.0/UDP ${ADDRESS}:${CALLER};branch=z9hG4bK${method}${headerOf(answer, "From").split("tag=")[1]}`,
    `Route: ${headerOf(answer, "Record-Route")}`,
    "Max-Forwards: 70",
    ...linesOf(answer, "From"),
    ...linesOf(answer, "To"),
    ...linesOf(answer, "Call-ID"),
    `CSeq: ${method === "ACK" ? 1 : 2} ${method}`,
  ]);
}

function message(startLine: string, body: string, lines: readonly string[]): string {
  return [startLine, ...lines, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

function linesOf(text: string, name: string): string[] {
  return text.split("\r\n").filter((line) => line.startsWith(`${name}: `));
}

function headerOf(text: string, name: string): string {
  return linesOf(text, name)[0]?.slice(name.length + 2) ?? "";
}
