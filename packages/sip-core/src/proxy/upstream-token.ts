import type { Flow, Response } from "@sipmesh/sip";
import {
  type FlowReference,
  LONGEST_REFERENCE,
  readFlowReference,
  readWord,
  referenceTo,
  writeFlowReference,
  writeWord,
} from "./flow-reference.ts";
import type { Sealer } from "./sealer.ts";

/** Characters of a mark at the token's end. */
const MARK = 13;
const base64url = { alphabet: "base64url" } as const;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** Two letters for each twelve bits. */
const PAIRS: readonly string[] = Array.from(
  { length: 4096 },
  (_, bits) => `${LETTERS[bits >> 6]}${LETTERS[bits & 63]}`,
);

/** What our Via says of the request that it is on. */
export interface Upstream {
  /** The flow by which its responses go on. */
  readonly flow: FlowReference;
  /** `nameHash` of who keeps, or kept, its transaction. */
  readonly owner: number;
}

/** Octets of the owner's hash, before the flow. */
const OWNER = 4;

/**
 * The upstream flow and the owner as our Via carries them, authenticated for this call. It is not encrypted: the Via
 * below ours says the same to whoever reads the request.
 */
export function upstreamToken(flow: Flow, owner: number, callId: string, sealer: Sealer): string {
  const bytes = new Uint8Array(OWNER + LONGEST_REFERENCE);
  writeWord(bytes, 0, owner);
  const text = base64urlOf(bytes, writeFlowReference(referenceTo(flow), bytes, OWNER));
  return text + markOf(text, callId, sealer);
}

/** Undefined where the response's topmost Via is none of ours. */
export function upstreamOf(response: Response, sealer: Sealer): Upstream | undefined {
  const token = response.via.params.get("f");
  if (token === undefined || token.length <= MARK || !/^[\w-]+$/.test(token)) return undefined;
  const text = token.slice(0, -MARK);
  if (markOf(text, response.callId, sealer) !== token.slice(-MARK)) return undefined;
  const bytes = Uint8Array.fromBase64(text, base64url);
  const flow = readFlowReference(bytes, OWNER)?.reference;
  return flow && { flow, owner: readWord(bytes, 0) };
}

/** RFC 4648 section 5, without padding, of the octets before `end`. For some octets half the price of `Uint8Array.prototype.toBase64`. */
function base64urlOf(bytes: Uint8Array, end: number): string {
  let text = "";
  let at = 0;
  for (; at + 2 < end; at += 3) {
    const bits = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    text += (PAIRS[bits >> 12] as string) + (PAIRS[bits & 4095] as string);
  }
  const rest = end - at;
  if (rest === 1) text += PAIRS[(bytes[at] as number) << 4];
  else if (rest === 2) {
    const bits = ((bytes[at] as number) << 10) | ((bytes[at + 1] as number) << 2);
    text += (PAIRS[bits >> 6] as string) + (LETTERS[bits & 63] as string);
  }
  return text;
}

function markOf(text: string, callId: string, sealer: Sealer): string {
  return sealer.mark(`via\n${callId}\n${text}`);
}
