import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { it } from "node:test";

const source = new URL("./", import.meta.url);

it("every problem code is documented, and none that is not there", () => {
  const text = readdirSync(source)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, source), "utf8"))
    .join("\n");
  const codes = new Set<string>();
  for (const [, code = ""] of text.matchAll(/(?:badRequest\(|MessageError\(|code:)\s*"([a-z0-9-]+)"/g)) codes.add(code);
  for (const code of ["via", "to", "from", "call-id", "cseq"]) codes.add(`missing-${code}`);
  for (const code of ["to", "from", "call-id", "cseq", "max-forwards"]) codes.add(`multiple-${code}`);
  const readme = readFileSync(new URL("../README.md", source), "utf8");
  const table = readme.slice(readme.indexOf("| code")).replace(/\| \w+ +\| `parse\w+`/g, "");
  const documented = new Set([...table.matchAll(/`([a-z0-9-]+)`/g)].map(([, code = ""]) => code));
  assert.deepEqual([...documented].sort(), [...codes].sort());
});
