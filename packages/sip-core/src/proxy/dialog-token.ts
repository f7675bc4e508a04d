import type { DialogHosts } from "./dialog-hosts.ts";
import {
  type FlowReference,
  LONGEST_REFERENCE,
  readFlowReference,
  readWord,
  writeFlowReference,
  writeWord,
} from "./flow-reference.ts";
import type { Sealer } from "./sealer.ts";
import type { Side } from "./side.ts";

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
  readonly caller?: FlowReference | undefined;
  readonly callee?: FlowReference | undefined;
  /** Whom its requests may reach by their URI, where no flow leads; absent: nobody. */
  readonly hosts?: DialogHosts | undefined;
}

/** Octets of content; sealed they are 80 characters. */
const ROOM = 43;
const MEDIA = 1;
const CALLER = 2;
const CALLEE = 4;
const HOSTS = 8;
const HOSTS_LENGTH = 12;

/** The token's text: at most 80 characters. A flow that finds no room (two IPv6 flows) is left to the Contact. */
export function sealDialogToken(token: DialogToken, sealer: Sealer, callId: string, callerTag: string): string {
  const content = new Uint8Array(ROOM + LONGEST_REFERENCE);
  let flags = 0;
  let end = 1;
  if (token.media) {
    flags |= MEDIA;
    writeWord(content, end, token.mediaInstance);
    end += 4;
  }
  if (token.hosts !== undefined) {
    const { caller, callee, source } = token.hosts;
    flags |= HOSTS;
    writeWord(content, end, caller);
    writeWord(content, end + 4, callee);
    writeWord(content, end + 8, source);
    end += HOSTS_LENGTH;
  }
  for (const flag of [CALLER, CALLEE]) {
    const flow = flag === CALLER ? token.caller : token.callee;
    const after = flow === undefined ? end : writeFlowReference(flow, content, end);
    if (flow === undefined || after > ROOM) continue;
    flags |= flag;
    end = after;
  }
  content[0] = flags;
  return sealer.seal(content.subarray(0, end), binding(callId, callerTag));
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
  const media = (flags & MEDIA) !== 0;
  if (media && content.length < 5) return undefined;
  const mediaInstance = media ? readWord(content, 1) : 0;
  let at = media ? 5 : 1;
  let hosts: DialogHosts | undefined;
  if (flags & HOSTS) {
    if (content.length < at + HOSTS_LENGTH) return undefined;
    hosts = { caller: readWord(content, at), callee: readWord(content, at + 4), source: readWord(content, at + 8) };
    at += HOSTS_LENGTH;
  }
  let caller: FlowReference | undefined;
  let callee: FlowReference | undefined;
  if (flags & CALLER) {
    const found = readFlowReference(content, at);
    if (found === undefined) return undefined;
    caller = found.reference;
    at = found.end;
  }
  if (flags & CALLEE) {
    const found = readFlowReference(content, at);
    if (found === undefined) return undefined;
    callee = found.reference;
  }
  return { media, mediaInstance, caller, callee, hosts };
}
