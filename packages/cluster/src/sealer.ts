/**
 * Tokens that only this platform can make and read. All of it is deterministic: the same content gives the same token
 * for as long as the ring's newest key is the same.
 */
export interface Sealer {
  /**
   * Encrypts and authenticates `content`, and authenticates `bound` (associated data, not kept in the token). URL-safe
   * base64 without padding: 31 bytes of content make 64 characters.
   */
  seal(content: Uint8Array, bound: string): string;
  /** The content, or undefined where the token is not ours, was altered, or is bound to something else. */
  open(token: string, bound: string): Uint8Array | undefined;
  /** A keyed hash of 65 bits as 13 characters of [a-z2-7]: for branches and tags. */
  mark(text: string): string;
  /** A keyed hash as 32 hexadecimal digits, the same over the life of the ring's first key (W3C Trace Context). */
  traceId(text: string): string;
}
