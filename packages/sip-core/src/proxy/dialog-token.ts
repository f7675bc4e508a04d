import { decodeFlowReference, encodeFlowReference, type FlowReference } from "./flow-reference.ts";
import type { Sealer } from "./sealer.ts";

/** Who of the two parties of a dialog: the one who sent its first request, or the one who was called. */
export type Side = "caller" | "callee";

/**
 * What the later requests of a dialog need, kept by nobody: it rides sealed in our Record-Route URI, bound to the
 * Call-ID and the initial From tag.
 */
export interface DialogToken {
  /** The dialog's media passes through a relay. */
  readonly media: boolean;
  /** `nameHash` of the media instance; 0: any that the call's key leads to. */
  readonly mediaInstance: number;
  /** How to reach the caller where its Contact would not do (NAT, connections). */
  readonly caller?: FlowReference;
  readonly callee?: FlowReference;
}

/** Octets of content; sealed they are 64 characters. */
const ROOM = 31;
const MEDIA = 1;
const CALLER = 2;
const CALLEE = 4;

/** The token's text: at most 64 characters. A flow that finds no room (two IPv6 flows) is left to the Contact. */
export function sealDialogToken(token: DialogToken, sealer: Sealer, callId: string, callerTag: string): string {
  let flags = 0;
  let length = 1;
  const parts: Uint8Array[] = [];
  if (token.media) {
    flags |= MEDIA;
    const instance = new Uint8Array(4);
    new DataView(instance.buffer).setUint32(0, token.mediaInstance);
    parts.push(instance);
    length += 4;
  }
  for (const [flow, flag] of [
    [token.caller, CALLER],
    [token.callee, CALLEE],
  ] as const) {
    if (flow === undefined) continue;
    const bytes = encodeFlowReference(flow);
    if (length + bytes.length > ROOM) continue;
    flags |= flag;
    parts.push(bytes);
    length += bytes.length;
  }
  const content = new Uint8Array(length);
  content[0] = flags;
  let at = 1;
  for (const part of parts) {
    content.set(part, at);
    at += part.length;
  }
  return sealer.seal(content, binding(callId, callerTag));
}

/** Whose token it is: it opens with the tag of who sent the dialog's first request, and that tells who speaks now. */
export function openDialogToken(
  text: string,
  sealer: Sealer,
  callId: string,
  fromTag: string,
  toTag: string,
): { readonly token: DialogToken; readonly sender: Side } | undefined {
  const byCaller = sealer.open(text, binding(callId, fromTag));
  const content = byCaller ?? sealer.open(text, binding(callId, toTag));
  const token = content && decode(content);
  return token && { token, sender: byCaller ? "caller" : "callee" };
}

function binding(callId: string, callerTag: string): string {
  return `dialog\n${callId}\n${callerTag}`;
}

function decode(content: Uint8Array): DialogToken | undefined {
  const flags = content[0];
  if (flags === undefined) return undefined;
  let at = 1;
  let mediaInstance = 0;
  if (flags & MEDIA) {
    if (content.length < 5) return undefined;
    mediaInstance = new DataView(content.buffer, content.byteOffset).getUint32(1);
    at = 5;
  }
  const flows: { caller?: FlowReference; callee?: FlowReference } = {};
  for (const [side, flag] of [
    ["caller", CALLER],
    ["callee", CALLEE],
  ] as const) {
    if (!(flags & flag)) continue;
    const found = decodeFlowReference(content, at);
    if (found === undefined) return undefined;
    flows[side] = found.reference;
    at = found.end;
  }
  return { media: (flags & MEDIA) !== 0, mediaInstance, ...flows };
}
