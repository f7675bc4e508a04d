import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What is wrong between the package.json files and `dependencies.md`: each foreign dependency stands there, once, and no other. */
export function dependencyProblems(root: string): string[] {
  const used = new Map<string, { version: string; by: string }>();
  const problems: string[] = [];
  for (const file of globSync(
    ["package.json", "proto/package.json", "test/package.json", "{packages,services}/*/package.json"],
    { cwd: root },
  )) {
    const manifest = JSON.parse(readFileSync(join(root, file), "utf8")) as Manifest;
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      if (name.startsWith("@sipmesh/")) continue;
      const known = used.get(name);
      if (known !== undefined && known.version !== version) {
        problems.push(`${name} is ${version} in ${manifest.name} and ${known.version} in ${known.by}`);
      }
      if (!/^\d/.test(version)) problems.push(`${name} ${version} in ${manifest.name} is not pinned`);
      used.set(name, { version, by: manifest.name });
    }
  }
  const rows = readFileSync(join(root, "dependencies.md"), "utf8").matchAll(/^\| `([^`]+)` *\| (.*)\|$/gm);
  const reasoned = [...rows].flatMap(([, name = "", why = ""]) => (why.trim().length < 20 ? [] : [name]));
  for (const name of used.keys())
    if (!reasoned.includes(name)) problems.push(`dependencies.md gives no reason for ${name}`);
  for (const name of reasoned)
    if (!used.has(name)) problems.push(`dependencies.md names ${name}, which nothing depends on`);
  if (new Set(reasoned).size !== reasoned.length) problems.push("dependencies.md names something twice");
  return problems;
}
