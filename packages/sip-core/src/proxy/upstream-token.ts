import type { Flow, Response } from "@sipmesh/sip";
import { decodeFlowReference, encodeFlowReference, type FlowReference, referenceTo } from "./flow-reference.ts";
import type { Sealer } from "./sealer.ts";

/** Characters of a mark at the token's end. */
const MARK = 13;
const base64url = { alphabet: "base64url", omitPadding: true } as const;

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
  const reference = encodeFlowReference(referenceTo(flow));
  const bytes = new Uint8Array(OWNER + reference.length);
  new DataView(bytes.buffer).setUint32(0, owner);
  bytes.set(reference, OWNER);
  const text = bytes.toBase64(base64url);
  return text + markOf(text, callId, sealer);
}

/** Undefined where the response's topmost Via is none of ours. */
export function upstreamOf(response: Response, sealer: Sealer): Upstream | undefined {
  const token = response.via.params.get("f");
  if (token === undefined || token.length <= MARK || !/^[\w-]+$/.test(token)) return undefined;
  const text = token.slice(0, -MARK);
  if (markOf(text, response.callId, sealer) !== token.slice(-MARK)) return undefined;
  const bytes = Uint8Array.fromBase64(text, base64url);
  const flow = decodeFlowReference(bytes, OWNER)?.reference;
  return flow && { flow, owner: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) };
}

function markOf(text: string, callId: string, sealer: Sealer): string {
  return sealer.mark(`via\n${callId}\n${text}`);
}
