import { ADDRESS } from "./loopback.ts";

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
    `From: <sip:callee@${ADDRESS}>;tag=r${number}`,
    `To: <sip:callee@${ADDRESS}>`,
    `Call-ID: register-${number}@${ADDRESS}`,
    "CSeq: 1 REGISTER",
    `Contact: <sip:callee@${ADDRESS}:${CALLEE}>`,
    "Expires: 3600",
  ]);
}

export function invite(number: number): string {
  return message(`INVITE sip:callee@${ADDRESS} SIP/2.0`, SDP, [
    `Via: SIP/2.0/UDP ${ADDRESS}:${CALLER};branch=z9hG4bKi${number}`,
    "Max-Forwards: 70",
    `From: "Caller" <sip:caller@${ADDRESS}:${CALLER}>;tag=c${number}`,
    `To: <sip:callee@${ADDRESS}>`,
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
