/**
 * Any key as the tokens of a NATS subject: what stands between slashes is a token of its own, so that a prefix that ends
 * in one can be asked for. Letters, digits, "-" and "_" stay, each other byte of its UTF-8 becomes "=" and two
 * hexadecimal digits. An empty token is "=".
 */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeToken).join(".");
}

function encodeToken(token: string): string {
  if (token === "") return "=";
  return token.replaceAll(/[^A-Za-z0-9_-]+/gu, (text) => {
    let encoded = "";
    for (const byte of Buffer.from(text)) encoded += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return encoded;
  });
}

export function decodeKey(encoded: string): string {
  return encoded.split(".").map(decodeToken).join("/");
}

/** The subjects of the keys that start with a prefix, where a wildcard can say that. */
export function filterFor(prefix: string): string | undefined {
  return prefix.endsWith("/") ? `${encodeKey(prefix.slice(0, -1))}.>` : undefined;
}

function decodeToken(encoded: string): string {
  if (encoded === "=") return "";
  return encoded.replaceAll(/(?:=[0-9A-F]{2})+/g, (text) => Buffer.from(text.replaceAll("=", ""), "hex").toString());
}
