import type { Flow, Response } from "@sipmesh/sip";
import { decodeFlowReference, encodeFlowReference, type FlowReference, referenceTo } from "./flow-reference.ts";
import type { Sealer } from "./sealer.ts";

/** Characters of a mark at the token's end. */
const MARK = 13;
const base64url = { alphabet: "base64url", omitPadding: true } as const;

/**
 * The upstream flow as our Via carries it, authenticated for this call. It is not encrypted: the Via below ours says
 * the same to whoever reads the request.
 */
export function upstreamToken(flow: Flow, callId: string, sealer: Sealer): string {
  const text = encodeFlowReference(referenceTo(flow)).toBase64(base64url);
  return text + markOf(text, callId, sealer);
}

/** The flow by which a response goes on; undefined where its topmost Via is none of ours. */
export function upstreamOf(response: Response, sealer: Sealer): FlowReference | undefined {
  const token = response.via.params.get("f");
  if (token === undefined || token.length <= MARK || !/^[\w-]+$/.test(token)) return undefined;
  const text = token.slice(0, -MARK);
  if (markOf(text, response.callId, sealer) !== token.slice(-MARK)) return undefined;
  return decodeFlowReference(Uint8Array.fromBase64(text, base64url), 0)?.reference;
}

function markOf(text: string, callId: string, sealer: Sealer): string {
  return sealer.mark(`via\n${callId}\n${text}`);
}
