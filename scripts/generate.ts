// `npm run generate`: everything that is made from a source of its own and committed.
import { dirname, join } from "node:path";
import { writeReference } from "./lib/reference.ts";
import { run } from "./lib/run.ts";

const root = dirname(import.meta.dirname);
const { code } = await run("buf", ["generate"], { cwd: join(root, "proto"), show: true });
if (code !== 0) process.exit(1);
await writeReference(root);
