const DECIMAL = /^(0|[1-9][0-9]{0,2})$/;
const HEXADECIMAL = /^[0-9a-f]{1,4}$/i;

function ipv4Octets(text: string): number[] | undefined {
  if (text.length > 15) return undefined;
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const octets: number[] = [];
  for (const part of parts) {
    if (!DECIMAL.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    octets.push(octet);
  }
  return octets;
}

function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes(".")) {
      const octets = ipv4Octets(part);
      if (octets === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = octets;
      groups.push(a * 256 + b, c * 256 + d);
    } else {
      if (!HEXADECIMAL.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function ipv6Groups(text: string): number[] | undefined {
  if (text.length > 45) return undefined;
  const gap = text.indexOf("::");
  if (gap < 0) {
    const groups = groupsOf(text);
    return groups?.length === 8 ? groups : undefined;
  }
  const head = groupsOf(text.slice(0, gap));
  const tail = groupsOf(text.slice(gap + 2));
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** 4 or 6 for an IP literal (no brackets, no zone), undefined for anything else, such as a domain name. */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (ipv4Octets(text) !== undefined) return 4;
  if (ipv6Groups(text) !== undefined) return 6;
  return undefined;
}

/** One spelling per address, so that two spellings of one IPv6 address compare equal; other text unchanged. */
export function canonicalAddress(text: string): string {
  const groups = text.includes(":") ? ipv6Groups(text) : undefined;
  if (groups === undefined) return text;
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  // RFC 5952 §4.2: the longest run of zero groups, of two at least, the first of equals.
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) {
      start = i;
      length = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** 0.0.0.0 or ::, which in a `c=` line means "send me nothing" (RFC 3264 §8.4, RFC 6157 §4.2). */
export function isUnspecified(text: string): boolean {
  const canonical = canonicalAddress(text);
  return canonical === "0.0.0.0" || canonical === "::";
}

/** 224.0.0.0/4 or ff00::/8. */
export function isMulticast(text: string): boolean {
  const octets = ipv4Octets(canonicalAddress(text));
  if (octets !== undefined) return (octets[0] ?? 0) >= 224 && (octets[0] ?? 0) <= 239;
  const groups = ipv6Groups(text);
  return groups !== undefined && (groups[0] ?? 0) >> 8 === 0xff;
}

/**
 * An address that means nothing outside its own network: RFC 1918, shared (RFC 6598), link-local, loopback,
 * unique local (RFC 4193). Its owner may sit behind a NAT.
 */
export function isPrivate(text: string): boolean {
  const octets = ipv4Octets(canonicalAddress(text));
  if (octets !== undefined) {
    const [a = 0, b = 0] = octets;
    return (
      a === 10 ||
      a === 127 ||
      (a === 172 && b >= 16 && b <= 31) ||
      (a === 192 && b === 168) ||
      (a === 169 && b === 254) ||
      (a === 100 && b >= 64 && b <= 127)
    );
  }
  const groups = ipv6Groups(text);
  if (groups === undefined) return false;
  const first = groups[0] ?? 0;
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || canonicalAddress(text) === "::1";
}
