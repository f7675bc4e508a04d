/** The order of preference among final responses other than 2xx; lower is better (RFC 3261 section 16.7 item 6). */
export function rank(status: number): number {
  if (status >= 600) return 0;
  const withinClass = preferred.get(status) ?? (unhelpful.has(status) ? 3 : 2);
  return Math.floor(status / 100) * 10 + withinClass;
}

/** What tells the caller how to send the request again goes before what does not. */
const preferred = new Map([
  [401, 0],
  [407, 0],
  [415, 1],
  [420, 1],
  [484, 1],
]);

/** Says least about the callee: that nobody answered, that we gave up, that a next hop was overloaded. */
const unhelpful = new Set([408, 487, 503]);

export function isChallenge(status: number): boolean {
  return status === 401 || status === 407;
}
