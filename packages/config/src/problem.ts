import type { Place } from "./origin.ts";

/** One thing that is wrong with a configuration. */
export interface Problem extends Place {
  /** `edge.udp.port`, or the name of an environment variable. */
  readonly path: string;
  /** The value, and what is wrong with it. Never shows a secret. */
  readonly problem: string;
  /** What would be right. */
  readonly expected: string;
}

/** All that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];
  readonly file: string | undefined;

  constructor(problems: readonly Problem[], file: string | undefined) {
    super(problems.map((problem) => describe(problem, file)).join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
    this.file = file;
  }
}

function describe({ path, problem, expected, line, variable }: Problem, file: string | undefined): string {
  const fromFile = line === undefined || file === undefined ? "" : `${file}:${line}: `;
  const place = variable === undefined ? fromFile : `${variable}: `;
  return `${place}${path}${path === "" ? "" : ": "}${problem}; ${expected}`;
}

/** The name that was probably meant: at most a third of its characters differ. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(name.length / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
