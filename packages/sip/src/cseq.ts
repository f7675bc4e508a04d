import { isSpace, isToken, readNumber, skipSpace, trimEnd } from "./characters.ts";
import { MessageError } from "./problem.ts";

/** A CSeq value (RFC 3261 §20.16). */
export interface CSeq {
  /** 0 … 2**32 - 1. */
  readonly number: number;
  readonly method: string;
}

/** Reads a CSeq value, which stands in the text from `from` to `to`; undefined where it is malformed or its number is beyond 32 bits. */
export const readCSeq = (text: string, from = 0, to = text.length): CSeq | undefined => {
  const end = trimEnd(text, from, to);
  let i = from;
  while (i < end && !isSpace(text.charCodeAt(i))) i++;
  const number = readNumber(text, 0xffff_ffff, from, i);
  const start = skipSpace(text, i, end);
  if (number === undefined || !isToken(text, start, end)) return undefined;
  return { number, method: text.slice(start, end) };
};

/** Reads a CSeq value. Throws {@link MessageError} where it is malformed. */
export const parseCSeq = (text: string, from = 0, to = text.length): CSeq => {
  const cseq = readCSeq(text, from, to);
  if (cseq === undefined) throw new MessageError("bad-cseq", "Bad Request - malformed CSeq");
  return cseq;
};
