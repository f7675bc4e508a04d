import type { Transport } from "@sipmesh/sip";
import type { NamingRecord } from "@sipmesh/transport";

/** A service that a domain offers, and the name to ask for its servers. */
export interface Service {
  readonly transport: Transport;
  readonly name: string;
}

const SERVICES: Readonly<Record<string, Transport>> = {
  "sip+d2u": "udp",
  "sip+d2t": "tcp",
  "sips+d2t": "tls",
  "sip+d2w": "ws",
  "sips+d2w": "wss",
};

/** The services of NAPTR records that we can use, the domain's favourite first (RFC 3263 section 4.1, RFC 7118). */
export function servicesOf(records: readonly NamingRecord[], usable: (transport: Transport) => boolean): Service[] {
  return [...records]
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
    .flatMap((record) => {
      const transport = SERVICES[record.service.toLowerCase()];
      if (transport === undefined || record.flags.toLowerCase() !== "s" || record.replacement === "") return [];
      return usable(transport) ? [{ transport, name: record.replacement }] : [];
    });
}

/** The name under which the servers of a domain are found where there is no NAPTR record. */
export function serviceName(transport: Transport, domain: string): string {
  switch (transport) {
    case "udp":
      return `_sip._udp.${domain}`;
    case "tls":
    case "wss":
      return `_sips._tcp.${domain}`;
    default:
      return `_sip._tcp.${domain}`;
  }
}
