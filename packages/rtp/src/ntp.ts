/** Seconds from 1900 to 1970. */
const UNIX_EPOCH = 2_208_988_800;

/** Milliseconds since 1970 as an NTP timestamp of RTCP (RFC 3550 §4). */
export function ntpTime(milliseconds: number): { seconds: number; fraction: number } {
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = Math.floor(((milliseconds - seconds * 1000) / 1000) * 4_294_967_296);
  return { seconds: (seconds + UNIX_EPOCH) % 4_294_967_296, fraction };
}
