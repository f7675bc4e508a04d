/**
 * Tokens and marks that only this platform can make, as `@sipmesh/cluster` implements them. All of it is
 * deterministic, so the proxy core stays a function of its input.
 */
export interface Sealer {
  /** Encrypts `content` and binds it to `bound`: 31 bytes of content make 64 characters of URL-safe base64. */
  seal(content: Uint8Array, bound: string): string;
  /** The content, or undefined where the token is not ours, was altered, or is bound to something else. */
  open(token: string, bound: string): Uint8Array | undefined;
  /** A keyed hash as 13 characters of [a-z0-9]. */
  mark(text: string): string;
}
