// Fails where `generated/` is not what `buf generate` makes of the .proto files now.
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const proto = import.meta.dirname;
const fresh = mkdtempSync(join(tmpdir(), "sipmesh-proto-"));

function files(folder: string): string[] {
  return globSync("**/*.ts", { cwd: folder }).sort();
}

function content(folder: string, file: string): string | undefined {
  return files(folder).includes(file) ? readFileSync(join(folder, file), "utf8") : undefined;
}

try {
  execFileSync("buf", ["generate", "--output", fresh], { cwd: proto, stdio: "inherit" });
  const [committed, made] = [join(proto, "generated"), join(fresh, "generated")];
  const all = new Set([...files(committed), ...files(made)]);
  const drifted = [...all].filter((file) => content(committed, file) !== content(made, file));
  for (const file of drifted) console.error(`generated/${file} is not what the .proto files say`);
  if (drifted.length > 0) {
    console.error("Run: npm run generate");
    process.exitCode = 1;
  } else {
    console.log(`${all.size} generated files are current`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
