import type { LoggedMessage } from "./message-log.ts";
import type { Peer } from "./peer.ts";

/** One message between two participants, by their names. */
export interface LadderMessage {
  /** Milliseconds, of any clock. */
  readonly time: number;
  readonly from: string;
  readonly to: string;
  /** "INVITE sip:bob@example.com", "180 Ringing (INVITE)" */
  readonly text: string;
  /** A retransmission. */
  readonly again?: boolean;
}

export interface LadderOptions {
  /** From left to right; where absent, in the order in which they appear. */
  readonly participants?: readonly string[];
  /** Characters from one participant to the next; 36 where absent. */
  readonly width?: number;
}

/** What several user agents logged as one story. A message that both of its ends logged is told by its sender. */
export function merged(
  logs: readonly { readonly participant: string; readonly messages: readonly LoggedMessage[] }[],
  nameOf: (peer: Peer) => string,
): LadderMessage[] {
  const told = new Set(logs.map(({ participant }) => participant));
  return logs
    .flatMap(({ participant, messages }) =>
      messages.flatMap((message) => {
        const peer = nameOf(message.peer);
        if (message.direction === "received" && told.has(peer)) return [];
        const [from, to] = message.direction === "sent" ? [participant, peer] : [peer, participant];
        return [{ time: message.time, from, to, text: textOf(message), again: message.again }];
      }),
    )
    .sort((a, b) => a.time - b.time);
}

/** Draws messages as arrows between columns, with the time since the first one; for a terminal. */
export function ladder(messages: readonly LadderMessage[], options: LadderOptions = {}): string {
  const width = Math.max(12, options.width ?? 36);
  const participants = [
    ...new Set([...(options.participants ?? []), ...messages.flatMap(({ from, to }) => [from, to])]),
  ];
  const start = messages[0]?.time ?? 0;
  const lines = [heading(participants, width)];
  for (const message of messages) {
    const row = participants.map((_, index) => index * width);
    lines.push(
      `${elapsed(message.time - start).padStart(GUTTER - MARGIN)}${" ".repeat(MARGIN)}${arrow(message, participants, row)}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The time, and room between it and the first column, above which half of a name stands. */
const GUTTER = 16;
const MARGIN = 6;

function heading(participants: readonly string[], width: number): string {
  let line = "";
  for (const [index, name] of participants.entries()) {
    const shown = shorten(printable(name), Math.min(width - 2, index === 0 ? 2 * GUTTER : width));
    line = line.padEnd(GUTTER + index * width - Math.floor(shown.length / 2)) + shown;
  }
  return line;
}

function arrow(message: LadderMessage, participants: readonly string[], columns: readonly number[]): string {
  const from = columns[participants.indexOf(message.from)] ?? 0;
  const to = columns[participants.indexOf(message.to)] ?? 0;
  const cells = Array.from<string>({ length: (columns.at(-1) ?? 0) + 1 }).fill(" ");
  for (const column of columns) cells[column] = "│";
  if (from === to) return `${cells.join("").slice(0, from + 1)}⟲ ${label(message)}`;

  const [left, right] = from < to ? [from, to] : [to, from];
  for (let at = left + 1; at < right; at++) cells[at] = message.again === true ? "╌" : "─";
  cells[from < to ? right - 1 : left + 1] = from < to ? "▶" : "◀";
  const text = ` ${shorten(label(message), right - left - 4)} `;
  const at = left + Math.floor((right - left - text.length) / 2) + (from < to ? 0 : 1);
  for (let i = 0; i < text.length; i++) cells[at + i] = text.charAt(i);
  return cells.join("");
}

function label({ text, again }: LadderMessage): string {
  return again === true ? `↻ ${printable(text)}` : printable(text);
}

function textOf({ line, cseq }: LoggedMessage): string {
  if (line.startsWith("SIP/2.0 ")) return `${line.slice(8)} (${cseq.slice(cseq.indexOf(" ") + 1)})`;
  return line.slice(0, line.lastIndexOf(" "));
}

/** Strangers write these lines: nothing in them may move a terminal's cursor. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, Math.max(0, most - 1))}…`;
}

function elapsed(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(3)} s`;
}
