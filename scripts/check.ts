// `npm run check`: types, lint, import rules, drift. A part of `npm test`, and quick.
import { dirname } from "node:path";
import { CHECKS } from "./lib/checks.ts";

const root = dirname(import.meta.dirname);
for (const check of CHECKS) {
  const { code, output } = await check.run(root);
  console.log(`${code === 0 ? "✔" : "✖"} ${check.name}`);
  if (code === 0) continue;
  console.log(output);
  process.exitCode = 1;
}
