import { type Part, replacePart, sdpPart } from "@sipmesh/sdp";
import { type Message, Name } from "@sipmesh/sip";

/** Where in a body its session description stands (RFC 3261 section 13.2.1, RFC 5621 for multipart bodies). */
export type DescriptionPart = Part;

/** The session description of a message; undefined where it has none that we can read. */
export function descriptionIn(message: Message): DescriptionPart | undefined {
  const { body } = message;
  if (body.length === 0) return undefined;
  const type = message.first(Name.ContentType);
  if (type === undefined) return undefined;
  const encoding = message.first(Name.ContentEncoding);
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") return undefined;
  return sdpPart(type, body);
}

/** The body with its session description replaced, everything around it untouched. */
export const withDescription: (body: Uint8Array, part: DescriptionPart, sdp: Uint8Array) => Uint8Array = replacePart;

/** Two descriptions are the same octets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, at) => octet === b[at]);
}
