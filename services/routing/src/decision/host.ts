/**
 * One spelling for each host, so that hosts can be compared as text: lower case, no final dot, no brackets, IPv6
 * addresses as RFC 5952 writes them.
 */
export function canonicalHost(host: string): string {
  const bare = host.startsWith("[") ? host.slice(1, -1) : host;
  if (bare.includes(":")) return canonicalIpv6(bare);
  const lower = bare.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

function canonicalIpv6(text: string): string {
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return text.toLowerCase();
  }
}
