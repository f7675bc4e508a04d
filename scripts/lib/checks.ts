// What must hold of the source, beside its tests.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  { name: "generated code is current", run: generatedCode },
  { name: "reference pages are current", run: async (root) => problems(await referenceProblems(root)) },
  { name: "dependencies have their reasons", run: async (root) => problems(dependencyProblems(root)) },
];

function problems(found: readonly string[]): Ran {
  return { code: found.length, output: found.join("\n") };
}

/** Generates again, elsewhere, and compares. */
async function generatedCode(root: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-proto-"));
  try {
    const generated = await run("buf", ["generate", "-o", folder], { cwd: join(root, "proto") });
    if (generated.code !== 0) return generated;
    const committed = filesOf(join(root, "proto", "generated"));
    const made = filesOf(join(folder, "generated"));
    const names = [...new Set([...committed.keys(), ...made.keys()])].sort();
    const stale = names.filter((name) => committed.get(name) !== made.get(name));
    return problems(stale.map((name) => `proto/generated/${name} is not what proto/ generates: npm run generate`));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filesOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}
