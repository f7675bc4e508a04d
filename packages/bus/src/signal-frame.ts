import { randomBytes } from "node:crypto";

/** Octets of the sender's mark, and of the time behind it: milliseconds of the sender's clock, as far as they fit. */
const MARK = 5;
const TIME = 3;
const LENGTH = MARK + TIME;

/** What a bus puts in front of its signals, so that it knows them when NATS gives them back. */
export function senderMark(): Uint8Array {
  return randomBytes(MARK);
}

/** @param now milliseconds */
export function frameOf(mark: Uint8Array, now: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(LENGTH + payload.length);
  frame.set(mark);
  frame.writeUIntBE(Math.floor(now) % 2 ** (8 * TIME), MARK, TIME);
  frame.set(payload, LENGTH);
  return frame;
}

export function sentByUs(frame: Uint8Array, mark: Uint8Array): boolean {
  return Buffer.compare(frame.subarray(0, MARK), mark) === 0;
}

/** Milliseconds since a frame of our own was made, by the same clock; of the last four hours. */
export function ageOf(frame: Uint8Array, now: number): number {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const range = 2 ** (8 * TIME);
  return (((Math.floor(now) - bytes.readUIntBE(MARK, TIME)) % range) + range) % range;
}

export function withoutMark(frame: Uint8Array): Uint8Array {
  return frame.subarray(LENGTH);
}
