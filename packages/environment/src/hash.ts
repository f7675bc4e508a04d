import { hash as digest } from "node:crypto";

function hexadecimal(algorithm: "md5" | "sha256", content: string | Uint8Array): string {
  return digest(algorithm, typeof content === "string" ? Buffer.from(content, "latin1") : content, "hex");
}

/** Digests in lower-case hexadecimal, as RFC 7616 wants them. Text counts as one byte for each character. */
export const hash = {
  md5Hex: (content: string | Uint8Array): string => hexadecimal("md5", content),
  sha256Hex: (content: string | Uint8Array): string => hexadecimal("sha256", content),
};
