/** Hash functions, handed in: lower-case hexadecimal; text counts as one byte for each character. */
export interface Hash {
  md5Hex(content: string | Uint8Array): string;
  sha256Hex(content: string | Uint8Array): string;
}

/** What HA1 is stored for (RFC 7616 section 3.4.3, RFC 8760). */
export type BaseAlgorithm = "MD5" | "SHA-256";
export type Algorithm = BaseAlgorithm | "MD5-sess" | "SHA-256-sess";

const algorithms: readonly Algorithm[] = ["MD5", "SHA-256", "MD5-sess", "SHA-256-sess"];

/** Case-insensitive; absent means MD5. Undefined: one that we do not speak. */
export function readAlgorithm(text: string | undefined): Algorithm | undefined {
  if (text === undefined || text === "") return "MD5";
  const written = algorithms.find((algorithm) => algorithm === text);
  if (written !== undefined) return written;
  const wanted = text.toLowerCase();
  return algorithms.find((algorithm) => algorithm.toLowerCase() === wanted);
}

export function baseOf(algorithm: Algorithm): BaseAlgorithm {
  return algorithm.startsWith("MD5") ? "MD5" : "SHA-256";
}

export function isSession(algorithm: Algorithm): boolean {
  return algorithm.endsWith("-sess");
}

export function hashOf(algorithm: Algorithm, hash: Hash): (content: string | Uint8Array) => string {
  return baseOf(algorithm) === "MD5" ? hash.md5Hex : hash.sha256Hex;
}
