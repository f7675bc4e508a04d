import { appendFileSync, readFileSync } from "node:fs";

/** One line of the table at the end. */
export interface FaultRow {
  readonly fault: string;
  readonly placed: number;
  readonly failed: number;
  /** Seconds from the fault until the platform was whole again. */
  readonly heal: number;
}

/** Where the rows of a run of several files are collected; absent: each is only printed. */
const FILE = process.env.SIPMESH_TEST_FAULT_ROWS;

export function note(row: FaultRow): void {
  console.log(`${row.fault}: ${row.placed} placed, ${row.failed} failed, whole again after ${row.heal.toFixed(1)} s`);
  if (FILE !== undefined) appendFileSync(FILE, `${JSON.stringify(row)}\n`);
}

/** The table of a run, in Markdown. */
export function faultTable(file: string): string {
  const rows = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as FaultRow);
  const cells = [
    ["fault", "calls placed", "failed", "time to heal"],
    ...rows.map(({ fault, placed, failed, heal }) => [fault, String(placed), String(failed), `${heal.toFixed(1)} s`]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = cells;
  return [line(head), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)].join("\n");
}
