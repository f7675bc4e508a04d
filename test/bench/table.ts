import type { Measured } from "./load.ts";

/** One line of the result, as it is read in a terminal. */
export interface Row {
  readonly work: string;
  readonly them: string;
  readonly us: string;
  readonly ratio: string;
  /** What we want to reach first, and whether that was. */
  readonly target: string;
  /** What was not counted in the figures, of them and of us. */
  readonly failed?: string;
  readonly retransmitted?: string;
}

/** What work costs them and us. @param first the ratio that we want to reach first */
export function costRow(work: string, them: Measured, us: Measured, first: number): Row {
  const ratio = us.microseconds / them.microseconds;
  return {
    work,
    them: `${them.microseconds.toFixed(1)} µs`,
    us: `${us.microseconds.toFixed(1)} µs`,
    ratio: ratio.toFixed(2),
    target: targetOf("≤", first, ratio <= first),
    failed: `${them.failed}, ${us.failed}`,
    retransmitted: `${them.retransmissions}, ${us.retransmissions}`,
  };
}

export function targetOf(relation: "≤" | "≥", first: number, met: boolean, unit = ""): string {
  return `${relation} ${first}${unit} ${met ? "met" : "not met"}`;
}

/** The result, as it is read in a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = [["work", "peer", "sipmesh", "ratio", "first target", "failed (peer, us)", "retransmitted (peer, us)"]];
  for (const { work, them, us, ratio, target, failed = "", retransmitted = "" } of rows)
    cells.push([work, them, us, ratio, target, failed, retransmitted]);
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
