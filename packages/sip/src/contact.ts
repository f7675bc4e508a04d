import { isDigit, readNumber } from "./characters.ts";
import type { Message } from "./message.ts";
import { Name } from "./name.ts";
import { type NameAddress, readNameAddress } from "./name-address.ts";
import { MessageError } from "./problem.ts";
import { readUri } from "./uri.ts";

/** One Contact value (RFC 3261 §20.10). */
export interface Contact extends NameAddress {
  /** 0 … 1; undefined where there is none. */
  readonly q: number | undefined;
  /** Seconds, at most 2**32 - 1; undefined where there is none or it is malformed (§10.2.1.1). */
  readonly expires: number | undefined;
  /** As written, unfolded. */
  readonly text: string;
}

const maxSeconds = 0xffff_ffff;

/** delta-seconds, capped at 2**32 - 1; undefined where it is no number. */
export const readSeconds = (text: string): number | undefined => {
  const seconds = readNumber(text, maxSeconds);
  if (seconds !== undefined || text === "") return seconds;
  for (let i = 0; i < text.length; i++) if (!isDigit(text.charCodeAt(i))) return undefined;
  return maxSeconds;
};

/** `qvalue`: 0 … 1 with at most three decimals; undefined where it is anything else. */
export const readQ = (text: string): number | undefined => {
  if (text.length > 5 || !(text === "0" || text === "1" || text.startsWith("0.") || text.startsWith("1."))) {
    return undefined;
  }
  const decimals = text.slice(2);
  for (let i = 0; i < decimals.length; i++) if (!isDigit(decimals.charCodeAt(i))) return undefined;
  const q = Number(text);
  return q <= 1 ? q : undefined;
};

/** Reads one Contact value; undefined where it is malformed. */
export const readContact = (text: string): Contact | undefined => {
  const address = readNameAddress(text);
  if (address === undefined) return undefined;
  const uri = readUri(address.uri);
  if (uri === undefined) return undefined;
  // A URI with headers needs angle brackets (§20.10): without them whose they are cannot be told.
  if (uri.kind === "sip" && uri.headers !== undefined && !text.includes("<")) return undefined;
  const q = address.params.get("q");
  const expires = address.params.get("expires");
  return {
    ...address,
    q: q === undefined ? undefined : readQ(q),
    expires: expires === undefined ? undefined : readSeconds(expires),
    text,
  };
};

/** Reads one Contact value. Throws {@link MessageError} where it is malformed. */
export const parseContact = (text: string): Contact => {
  const contact = readContact(text);
  if (contact === undefined) throw new MessageError("bad-contact", "Bad Request - malformed Contact");
  return contact;
};

/**
 * All Contact values of a message, or `*` alone (RFC 3261 §10.2.2). Throws {@link MessageError} where one is malformed
 * or `*` stands beside others.
 */
export const parseContacts = (message: Message): "*" | Contact[] => {
  const values = message.list(Name.Contact);
  return values.length === 1 && values[0] === "*" ? "*" : values.map(parseContact);
};
