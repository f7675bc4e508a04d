const { latin1Slice, latin1Write } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  latin1Write(this: Uint8Array, text: string, at: number): number;
};

/** Bytes as text and back, one character for one byte: lossless, whatever the bytes mean. */
export const latin1 = {
  /** The bytes from `start` up to `end`, as text. */
  decode(bytes: Uint8Array, start: number, end: number): string {
    return latin1Slice.call(bytes, start, end);
  },
  /** The text as bytes; of a character above U+00FF only the low byte is kept. */
  encode(text: string): Uint8Array {
    return Buffer.from(text, "latin1");
  },
  /** Writes the text at `at` and gives back how many bytes that took; what does not fit is left out. */
  encodeInto(text: string, into: Uint8Array, at: number): number {
    return latin1Write.call(into, text, at);
  },
};
