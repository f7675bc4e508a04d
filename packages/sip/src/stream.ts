import { defaultLimits, type Limits } from "./limits.ts";
import type { Decode, Message } from "./message.ts";
import { accept, findHeadEnd, notSip, type ParsedHead, parseHead, refuse, sizeProblems } from "./parse.ts";
import { badRequest, type Problem } from "./problem.ts";

/** What a chunk of a stream held. */
export type FrameEvent =
  | { readonly type: "message"; readonly message: Message }
  /** RFC 5626 §3.5.1: CRLFCRLF between messages; to be answered with CRLF. One event per chunk, however many came. */
  | { readonly type: "ping" }
  /** The stream cannot be read any further: answer where there is a message to answer, and close. */
  | { readonly type: "problem"; readonly problem: Problem; readonly message?: Message };

const missingLength = badRequest("missing-content-length", "Bad Request - no Content-Length on a stream");

/**
 * Cuts a stream (TCP, TLS) into messages (RFC 3261 §18.3). Holds at most one incomplete message, within the limits.
 * Every byte is looked at a bounded number of times, however the stream is cut into chunks. After a problem it takes
 * nothing more. Never throws.
 */
export class StreamFramer {
  readonly #decode: Decode;
  readonly #limits: Limits;
  /** What is kept of former chunks lies from 0 to `#length`. */
  #kept: Uint8Array = new Uint8Array(0);
  #length = 0;
  /** How far the kept bytes were searched for the end of the head. */
  #searched = 0;
  /** The head of the message whose body is not complete yet. */
  #head: { readonly parsed: ParsedHead; readonly bodyStart: number; readonly end: number } | undefined;
  /** How much of CRLFCRLF has just been seen between messages. */
  #lineBreaks = 0;
  #closed = false;

  constructor(decode: Decode, limits: Limits = defaultLimits) {
    this.#decode = decode;
    this.#limits = limits;
  }

  /** Bytes of an incomplete message that are held. */
  get pending(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): FrameEvent[] {
    const events: FrameEvent[] = [];
    if (this.#closed) return events;
    // Where nothing is kept, messages are read out of the chunk itself.
    const inPlace = this.#length === 0;
    if (!inPlace) this.#keep(chunk);
    const bytes = inPlace ? chunk : this.#kept;
    const end = inPlace ? chunk.length : this.#length;
    const at = this.#read(bytes, end, events);
    if (this.#closed) {
      this.#kept = new Uint8Array(0);
      this.#length = 0;
    } else if (inPlace) {
      if (at < end) this.#keep(chunk.subarray(at));
    } else if (at > 0) {
      // Messages were read out of these bytes: they are theirs from now on.
      const rest = bytes.subarray(at, end);
      this.#length = 0;
      this.#kept = new Uint8Array(0);
      if (rest.length > 0) this.#keep(rest);
    }
    return events;
  }

  /** Reads all complete messages up to `end`; returns where the first incomplete one begins. */
  #read(bytes: Uint8Array, end: number, events: FrameEvent[]): number {
    let at = 0;
    for (;;) {
      if (this.#head === undefined) {
        if (this.#searched === 0) at = this.#skipLineBreaks(bytes, at, end, events);
        if (at >= end || !this.#readHead(bytes, at, end, events)) return at;
      }
      const head = this.#head;
      if (head === undefined || at + head.end > end) return at;
      const source = { bytes, start: at, bodyBytes: bytes, bodyStart: at + head.bodyStart, end: at + head.end };
      events.push({ type: "message", message: accept(head.parsed, source) });
      at = source.end;
      this.#head = undefined;
    }
  }

  /** Looks for a complete head at `at`; false where there is none yet, or where it ends the stream. */
  #readHead(bytes: Uint8Array, at: number, end: number, events: FrameEvent[]): boolean {
    const limits = this.#limits;
    const from = Math.max(at, at + this.#searched - 3);
    const bodyStart = findHeadEnd(bytes, at, from, end);
    if ((bodyStart < 0 ? end : bodyStart) - at > limits.head + 2) return this.#fail(events, sizeProblems.headTooLarge);
    if (bodyStart < 0) {
      this.#searched = end - at;
      return false;
    }
    this.#searched = 0;
    const parsed = parseHead(bytes, at, bodyStart, this.#decode, limits);
    if (parsed === undefined) return this.#fail(events, notSip);
    const length = parsed.contentLength < 0 ? missingLength : undefined;
    const large = parsed.contentLength > limits.body ? sizeProblems.bodyTooLarge : undefined;
    const problem = parsed.problem ?? parsed.lengthProblem ?? length ?? large;
    if (problem !== undefined) {
      const refused = refuse(parsed, problem, limits);
      return this.#fail(events, refused.problem, refused.message);
    }
    this.#head = { parsed, bodyStart: bodyStart - at, end: bodyStart - at + parsed.contentLength };
    return true;
  }

  /** Passes over CR and LF between messages, and tells of pings; returns where something else begins. */
  #skipLineBreaks(bytes: Uint8Array, start: number, end: number, events: FrameEvent[]): number {
    let at = start;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte === (this.#lineBreaks % 2 === 0 ? 13 : 10)) this.#lineBreaks++;
      else if (byte === 13) this.#lineBreaks = 1;
      else if (byte === 10) this.#lineBreaks = 0;
      else break;
      if (this.#lineBreaks === 4) {
        this.#lineBreaks = 0;
        if (events.at(-1)?.type !== "ping") events.push({ type: "ping" });
      }
    }
    if (at < end) this.#lineBreaks = 0;
    return at;
  }

  #fail(events: FrameEvent[], problem: Problem, message?: Message): false {
    this.#closed = true;
    events.push(message === undefined ? { type: "problem", problem } : { type: "problem", problem, message });
    return false;
  }

  /** Adds to what is kept; the room doubles, so that each byte is moved a bounded number of times. */
  #keep(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#kept.length) {
      const room = new Uint8Array(Math.max(needed, 2 * this.#kept.length, 1024));
      room.set(this.#kept.subarray(0, this.#length));
      this.#kept = room;
    }
    this.#kept.set(chunk, this.#length);
    this.#length = needed;
  }
}
