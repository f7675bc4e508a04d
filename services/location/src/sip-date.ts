let second = 0;
let text = "";

/** The value of a Date header field (RFC 3261 section 20.17), made once a second. @param now ms since the epoch */
export function sipDate(now: number): string {
  const wanted = Math.floor(now / 1000);
  if (wanted !== second || text === "") {
    second = wanted;
    text = new Date(wanted * 1000).toUTCString();
  }
  return text;
}
