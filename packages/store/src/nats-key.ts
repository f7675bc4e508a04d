/**
 * Any key as one token of a NATS subject: letters, digits, "-" and "_" stay, each other byte of its UTF-8 becomes "="
 * and two hexadecimal digits. An empty key is "=".
 */
export function encodeKey(key: string): string {
  if (key === "") return "=";
  return key.replaceAll(/[^A-Za-z0-9_-]+/gu, (text) => {
    let encoded = "";
    for (const byte of Buffer.from(text)) encoded += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return encoded;
  });
}

export function decodeKey(encoded: string): string {
  if (encoded === "=") return "";
  return encoded.replaceAll(/(?:=[0-9A-F]{2})+/g, (text) => Buffer.from(text.replaceAll("=", ""), "hex").toString());
}
