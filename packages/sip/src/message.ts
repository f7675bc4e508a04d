import { readNumber, unfold } from "./characters.ts";
import { type CSeq, parseCSeq } from "./cseq.ts";
import { stride } from "./fields.ts";
import { splitInto, valueEndAt } from "./list.ts";
import { Name } from "./name.ts";
import { type NameAddress, parseNameAddress } from "./name-address.ts";
import { type Lines, plainAddress, plainCSeq, plainVia } from "./plain.ts";
import { MessageError } from "./problem.ts";
import { parseVia, type Via } from "./via.ts";

/** latin1: the bytes from start to end as a string of one character per byte. */
export type Decode = (bytes: Uint8Array, start: number, end: number) => string;

/** A message that we built, to be sent: toBytes(head, body) puts it on the wire. */
export interface Draft {
  /** Start line and header fields, each with its CRLF; without the empty line. latin1. */
  readonly head: string;
  readonly body: Uint8Array;
}

export const noBody = new Uint8Array(0);

/** Where a message's bytes are: the body is cut out of them only when it is asked for. */
export interface Source {
  /** The bytes of the head: `head.charCodeAt(i)` is `bytes[start + i]`. */
  readonly bytes: Uint8Array;
  readonly start: number;
  /** The same bytes where the message was received. */
  readonly bodyBytes: Uint8Array;
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * A SIP message: the text of its head, the table of where its header fields lie, its body. Immutable. Values are read
 * when they are first asked for, and kept.
 */
abstract class MessageBase {
  /** latin1: start line and header fields, each with its CRLF; without the empty line. */
  readonly head: string;
  /**
   * Per header field line, in order: name, lineStart, valueStart, valueEnd (positions in `head`; the value trimmed). A
   * line ends where the next one starts, the last one at the end of the head. Travels on the bus.
   */
  readonly fields: readonly number[];
  /** The bytes of the head, for those who look at many of them: `head.charCodeAt(i)` is `bytes[origin + i]`. */
  readonly bytes: Uint8Array;
  readonly origin: number;
  readonly #source: Source;
  #body: Uint8Array | undefined;
  #via: Via | undefined;
  #from: NameAddress | undefined;
  #to: NameAddress | undefined;
  #callId: string | undefined;
  #cseq: CSeq | undefined;

  constructor(head: string, fields: readonly number[], source: Source) {
    this.head = head;
    this.fields = fields;
    this.bytes = source.bytes;
    this.origin = source.start;
    this.#source = source;
  }

  get body(): Uint8Array {
    const { bodyBytes, bodyStart, end } = this.#source;
    this.#body ??= bodyStart >= end ? noBody : bodyBytes.subarray(bodyStart, end);
    return this.#body;
  }

  /** The bytes as received: head, empty line and body, without what stood before or after. Empty for a built message. */
  get raw(): Uint8Array {
    const { bytes, start, bodyBytes, end } = this.#source;
    if (bytes !== bodyBytes) return noBody;
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end);
  }

  /** Position in `fields` of the first line of that name, or -1. */
  indexOf(name: Name): number {
    const { fields } = this;
    for (let i = 0; i < fields.length; i += stride) if (fields[i] === name) return i;
    return -1;
  }

  /** The value of the line at this position in `fields`, unfolded. */
  valueAt(index: number): string {
    return unfold(this.head.slice(this.fields[index + 2], this.fields[index + 3]));
  }

  /** The trimmed, unfolded value of the first line of that name. */
  first(name: Name): string | undefined {
    const index = this.indexOf(name);
    return index < 0 ? undefined : this.valueAt(index);
  }

  has(name: Name): boolean {
    return this.indexOf(name) >= 0;
  }

  /** The trimmed, unfolded values of all lines of that name, one per line. */
  all(name: Name): string[] {
    const values: string[] = [];
    const { fields } = this;
    for (let i = 0; i < fields.length; i += stride) if (fields[i] === name) values.push(this.valueAt(i));
    return values;
  }

  /** The values of all lines of that name, comma-separated lists split (quotes and angle brackets respected). */
  list(name: Name): string[] {
    const values: string[] = [];
    const { fields } = this;
    for (let i = 0; i < fields.length; i += stride) {
      if (fields[i] === name) splitInto(values, this.head, fields[i + 2] as number, fields[i + 3] as number);
    }
    return values;
  }

  /** The first value of that name's lines: of a list header, what stands before the first comma. */
  firstOfList(name: Name): string | undefined {
    const index = this.indexOf(name);
    if (index < 0) return undefined;
    const value = this.valueAt(index);
    const end = valueEndAt(value, 0, value.length);
    return end === value.length ? value : value.slice(0, end).trimEnd();
  }

  /** The values of header fields that the table of names does not know, by their name in any case. */
  named(text: string): string[] {
    const values: string[] = [];
    const wanted = text.toLowerCase();
    const { fields, head } = this;
    for (let i = 0; i < fields.length; i += stride) {
      if (fields[i] !== Name.Unknown) continue;
      const start = fields[i + 1] as number;
      if (head.slice(start, start + wanted.length).toLowerCase() !== wanted) continue;
      const colon = head.indexOf(":", start);
      if (colon >= 0 && head.slice(start, colon).trimEnd().length === wanted.length) values.push(this.valueAt(i));
    }
    return values;
  }

  /** The first line of that name by a plain reader; undefined where there is none or the reader leaves it. */
  #plain<T>(index: number, read: (lines: Lines, from: number, to: number) => T | undefined): T | undefined {
    if (index < 0) return undefined;
    const { fields, origin } = this;
    return read(this, origin + (fields[index + 2] as number), origin + (fields[index + 3] as number));
  }

  #address(name: Name): NameAddress {
    const index = this.indexOf(name);
    return this.#plain(index, plainAddress) ?? parseNameAddress(index < 0 ? "" : this.valueAt(index));
  }

  /** The topmost Via. Throws {@link MessageError} where there is none or it is malformed; so do those that follow. */
  get via(): Via {
    if (this.#via === undefined) {
      const index = this.indexOf(Name.Via);
      this.#via = this.#plain(index, plainVia) ?? parseVia(this.firstOfList(Name.Via) ?? "");
    }
    return this.#via;
  }

  get from(): NameAddress {
    this.#from ??= this.#address(Name.From);
    return this.#from;
  }

  get to(): NameAddress {
    this.#to ??= this.#address(Name.To);
    return this.#to;
  }

  get callId(): string {
    this.#callId ??= this.first(Name.CallId);
    if (this.#callId === undefined) throw new MessageError("missing-call-id", "Bad Request - missing Call-ID");
    return this.#callId;
  }

  get cseq(): CSeq {
    if (this.#cseq === undefined) {
      const index = this.indexOf(Name.CSeq);
      this.#cseq = this.#plain(index, plainCSeq) ?? parseCSeq(index < 0 ? "" : this.valueAt(index));
    }
    return this.#cseq;
  }
}

export class Request extends MessageBase {
  readonly kind = "request";
  readonly method: string;
  /** The Request-URI as written. */
  readonly uri: string;

  constructor(head: string, fields: readonly number[], source: Source, method: string, uri: string) {
    super(head, fields, source);
    this.method = method;
    this.uri = uri;
  }

  /** Undefined where there is none or it is malformed. */
  get maxForwards(): number | undefined {
    const index = this.indexOf(Name.MaxForwards);
    return index < 0 ? undefined : readNumber(this.head, 255, this.fields[index + 2], this.fields[index + 3]);
  }
}

export class Response extends MessageBase {
  readonly kind = "response";
  /** 100 … 699. */
  readonly status: number;
  /** The reason phrase as written; may be empty. */
  readonly reason: string;

  constructor(head: string, fields: readonly number[], source: Source, status: number, reason: string) {
    super(head, fields, source);
    this.status = status;
    this.reason = reason;
  }
}

export type Message = Request | Response;

export const isRequest = (message: Message): message is Request => message.kind === "request";
