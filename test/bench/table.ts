import type { Measured } from "./load.ts";

export interface Row {
  readonly unit: string;
  readonly first: number;
  readonly them: Measured;
  readonly us: Measured;
}

/** The result, as it is read in a terminal. */
export function table(rows: readonly Row[]): string {
  const cells = [
    ["work", "peer µs", "sipmesh µs", "ratio", "first target", "failed (peer, us)", "retransmitted (peer, us)"],
  ];
  for (const { unit, first, them, us } of rows) {
    const ratio = us.microseconds / them.microseconds;
    cells.push([
      unit,
      them.microseconds.toFixed(1),
      us.microseconds.toFixed(1),
      ratio.toFixed(2),
      `≤ ${first.toFixed(1)} ${ratio <= first ? "met" : "not met"}`,
      `${them.failed}, ${us.failed}`,
      `${them.retransmissions}, ${us.retransmissions}`,
    ]);
  }
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
