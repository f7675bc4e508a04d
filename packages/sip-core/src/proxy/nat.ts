import { type Flow, ipBytes, ipText, Name, type Request, readNameAddress, readUri } from "@sipmesh/sip";

/**
 * The sender is behind a NAT: its own idea of its address, in the topmost Via or, where it is the first hop, in its
 * Contact, is another one than the source that we see. Names prove nothing.
 */
export function behindNat(request: Request, flow: Flow): boolean {
  const { via } = request;
  if (differs(via.host, flow.remote.address)) return true;
  if (flow.transport === "udp" && typeof via.rport === "number" && via.rport !== (via.port ?? 5060)) return true;
  if (request.list(Name.Via).length > 1) return false;
  const contact = readNameAddress(request.firstOfList(Name.Contact) ?? "");
  const uri = contact && readUri(contact.uri);
  return uri?.kind === "sip" && differs(uri.host, flow.remote.address);
}

function differs(host: string, source: string): boolean {
  if (host === source) return false;
  const said = ipBytes(host);
  const seen = ipBytes(source);
  return said !== undefined && seen !== undefined && ipText(said) !== ipText(seen);
}
