const DOT = 46;

/** An IP literal (no brackets) as its 4 or 16 bytes; undefined where the text is none. */
export function ipBytes(text: string): Uint8Array | undefined {
  return text.includes(":") ? ipv6Bytes(text) : ipv4Bytes(text);
}

/** The text of 4 or 16 bytes, of which there is one for each address (RFC 5952 §4). */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let from = 0;
  let zeros = 1;
  for (let i = 0, run = 0; i < 8; i++) {
    run = words[i] === 0 ? run + 1 : 0;
    if (run > zeros) [from, zeros] = [i + 1 - run, run];
  }
  const text = (part: readonly number[]) => part.map((word) => word.toString(16)).join(":");
  return zeros === 1 ? text(words) : `${text(words.slice(0, from))}::${text(words.slice(from + zeros))}`;
}

function ipv4Bytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? DOT : text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || value > 255 || part > 3) return undefined;
      bytes[part++] = value;
      digits = value = 0;
    } else {
      if (code < 48 || code > 57 || ++digits > 3) return undefined;
      value = value * 10 + code - 48;
    }
  }
  return part === 4 ? bytes : undefined;
}

function ipv6Bytes(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const left = words(halves[0] ?? "");
  const right = halves.length === 2 ? words(halves[1] ?? "") : [];
  if (left === undefined || right === undefined) return undefined;
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...left, ...new Array<number>(missing).fill(0), ...right];
  const bytes = new Uint8Array(16);
  for (const [i, word] of all.entries()) {
    bytes[2 * i] = word >> 8;
    bytes[2 * i + 1] = word & 0xff;
  }
  return bytes;
}

function words(text: string): number[] | undefined {
  if (text === "") return [];
  const found: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && part.includes(".")) {
      const v4 = ipv4Bytes(part);
      if (v4 === undefined) return undefined;
      found.push(((v4[0] ?? 0) << 8) | (v4[1] ?? 0), ((v4[2] ?? 0) << 8) | (v4[3] ?? 0));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      found.push(Number.parseInt(part, 16));
    }
  }
  return found;
}
