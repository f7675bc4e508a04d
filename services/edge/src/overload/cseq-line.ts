const LINE_END = 10;
const INVITE = Buffer.from(" INVITE\r\n");
/** The name of the field with its longest form's first letters, in lower case. */
const NAME = [99, 115, 101, 113];

/**
 * Whether a response answers an INVITE: the end of its CSeq is looked for in its bytes, since parsing it for that alone
 * would cost as much as all the rest that is done with it.
 */
export function answersInvite(raw: Uint8Array): boolean {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let end = bytes.indexOf(INVITE); end >= 0; end = bytes.indexOf(INVITE, end + 1)) {
    const start = bytes.lastIndexOf(LINE_END, end) + 1;
    if (NAME.every((code, at) => ((bytes[start + at] as number) | 32) === code)) return true;
  }
  return false;
}
