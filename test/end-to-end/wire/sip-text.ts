/** Header fields that peers may write in short (RFC 3261 section 7.3.3). */
const SHORT: Readonly<Record<string, string>> = {
  v: "via",
  f: "from",
  t: "to",
  i: "call-id",
  m: "contact",
  l: "content-length",
  c: "content-type",
  k: "supported",
  s: "subject",
};

/** A SIP message as a person reads it: on purpose not our own parser. */
export class SipText {
  readonly text: string;
  readonly start: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;

  constructor(text: string) {
    const end = text.indexOf("\r\n\r\n");
    const [start = "", ...lines] = text
      .slice(0, end)
      .replace(/\r\n[ \t]+/g, " ")
      .split("\r\n");
    this.text = text;
    this.start = start;
    this.body = text.slice(end + 4);
    this.fields = lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    });
  }

  /** "INVITE", or "" where this is a response. */
  get method(): string {
    return this.start.startsWith("SIP/2.0 ") ? "" : (this.start.split(" ")[0] ?? "");
  }

  get uri(): string {
    return this.start.split(" ")[1] ?? "";
  }

  /** 0 where this is a request. */
  get status(): number {
    return Number(this.start.match(/^SIP\/2\.0 (\d{3})/)?.[1] ?? 0);
  }

  /** What a test waits for: "INVITE", or "180 INVITE". */
  get what(): string {
    const [, method = ""] = this.first("CSeq").split(/\s+/);
    return this.status === 0 ? this.method : `${this.status} ${method}`;
  }

  get callId(): string {
    return this.first("Call-ID");
  }

  get toTag(): string | undefined {
    return tagOf(this.first("To"));
  }

  get fromTag(): string | undefined {
    return tagOf(this.first("From"));
  }

  get contact(): string {
    return this.first("Contact").match(/<([^>]+)>/)?.[1] ?? this.first("Contact");
  }

  all(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.fields
      .filter(([one]) => (SHORT[one.toLowerCase()] ?? one.toLowerCase()) === wanted)
      .map(([, value]) => value);
  }

  first(name: string): string {
    return this.all(name)[0] ?? "";
  }

  list(name: string): string[] {
    return this.all(name).flatMap((value) => value.split(/,(?=\s*(?:<|"|SIP\/))/).map((one) => one.trim()));
  }

  /** The port in the audio line of its session description. */
  get audioPort(): number {
    return Number(this.body.match(/^m=audio (\d+)/m)?.[1] ?? -1);
  }
}

function tagOf(value: string): string | undefined {
  return value.match(/>?;\s*tag=([^;\s]+)/i)?.[1];
}

export type Field = readonly [name: string, value: string];

export function compose(start: string, fields: readonly Field[], body = ""): string {
  const all: readonly Field[] = [...fields, ["Content-Length", String(Buffer.byteLength(body, "latin1"))]];
  return `${start}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}
