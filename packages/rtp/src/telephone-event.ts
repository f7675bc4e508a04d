import { putUint16, uint16 } from "./bytes.ts";

/** A named event, such as a DTMF digit (RFC 4733 §2.3). */
export interface TelephoneEvent {
  /** 0…15 are the DTMF digits (RFC 4733 §3.2). */
  readonly event: number;
  /** The last packets of an event; sent three times (§2.5.1.4). */
  readonly end: boolean;
  /** Power level in −dBm0, 0…63. */
  readonly volume: number;
  /** Timestamp units since the event began, 0…65535. */
  readonly duration: number;
}

const digits = "0123456789*#ABCD";

/** The DTMF digit of an event; undefined for other events. */
export function digitOf(event: number): string | undefined {
  return digits[event];
}

/** The event of a DTMF digit; undefined for anything else. */
export function eventOf(digit: string): number | undefined {
  const event = digit.length === 1 ? digits.indexOf(digit.toUpperCase()) : -1;
  return event < 0 ? undefined : event;
}

/**
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |     event     |E|R| volume    |          duration             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeTelephoneEvent(payload: Uint8Array): TelephoneEvent | undefined {
  const [event, flags] = payload;
  if (event === undefined || flags === undefined || payload.length < 4) return undefined;
  return { event, end: (flags & 0x80) !== 0, volume: flags & 0x3f, duration: uint16(payload, 2) };
}

export function encodeTelephoneEvent(event: TelephoneEvent): Uint8Array {
  const payload = new Uint8Array(4);
  payload[0] = event.event;
  payload[1] = (event.end ? 0x80 : 0) | (event.volume & 0x3f);
  putUint16(payload, 2, event.duration);
  return payload;
}
