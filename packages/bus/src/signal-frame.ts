import { randomBytes } from "node:crypto";

const LENGTH = 8;

/** What a bus puts in front of its signals, so that it knows them when NATS gives them back. */
export function senderMark(): Uint8Array {
  return randomBytes(LENGTH);
}

export function sentByUs(frame: Uint8Array, mark: Uint8Array): boolean {
  return Buffer.compare(frame.subarray(0, LENGTH), mark) === 0;
}

export function withoutMark(frame: Uint8Array): Uint8Array {
  return frame.subarray(LENGTH);
}
