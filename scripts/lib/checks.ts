// What must hold of the source, beside its tests.
import { dependencyProblems } from "./dependencies.ts";
import { referenceProblems } from "./reference.ts";
import { type Ran, run } from "./run.ts";

export interface Check {
  readonly name: string;
  readonly run: (root: string) => Promise<Ran>;
}

const command =
  (name: string, ...args: string[]) =>
  (root: string): Promise<Ran> =>
    run(name, args, { cwd: root });

export const CHECKS: readonly Check[] = [
  { name: "types", run: command("turbo", "run", "check", "--output-logs=errors-only", "--continue", "--ui=stream") },
  { name: "lint and format", run: command("biome", "check", "--error-on-warnings", ".") },
  { name: "who may import whom", run: command("turbo", "boundaries") },
  { name: "generated code is current", run: command("node", "proto/drift.ts") },
  { name: "reference pages are current", run: async (root) => problems(await referenceProblems(root)) },
  { name: "dependencies have their reasons", run: async (root) => problems(dependencyProblems(root)) },
];

function problems(found: readonly string[]): Ran {
  return { code: found.length, output: found.join("\n") };
}
