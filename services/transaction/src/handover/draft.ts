import { latin1 } from "@sipmesh/environment";
import { type Draft, toBytes } from "@sipmesh/sip";
import { bufferOf } from "../wire.ts";

/** A message of our own as it travels. */
export function draftBytes(draft: Draft | undefined): Buffer | undefined {
  return draft && bufferOf(toBytes(draft.head, draft.body, latin1.encodeInto, Buffer.allocUnsafe));
}

const HEAD_END = Buffer.from("\r\n\r\n");

/** @throws Error where the bytes are none of a message's */
export function draftOf(message: Buffer | undefined): Draft | undefined {
  if (message === undefined) return undefined;
  const end = message.indexOf(HEAD_END);
  if (end < 0) throw new Error("the state of a call has a message without an end of its head");
  return { head: latin1.decode(message, 0, end + 2), body: message.subarray(end + 4) };
}
