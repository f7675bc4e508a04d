import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { chartFiles } from "./chart/files.ts";

const FOLDER = join("docs", "reference");

/**
 * What is made from the source, by path: the reference pages and the chart's schema. Loaded late: the checks before it do
 * not need the services.
 */
async function made(root: string): Promise<ReadonlyMap<string, string>> {
  const { reference, configurationSchema } = (await import(join(root, "services/launcher/src/index.ts"))) as {
    reference: () => ReadonlyMap<string, string>;
    configurationSchema: () => Readonly<Record<string, object>>;
  };
  const pages = [...reference()].map(([name, text]) => [join(FOLDER, name), text] as const);
  return new Map([...pages, ...chartFiles(root, configurationSchema())]);
}

export async function writeReference(root: string): Promise<void> {
  for (const [path, text] of await made(root)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** Files that differ from the source, are missing, or belong to nothing. */
export async function referenceProblems(root: string): Promise<string[]> {
  const files = await made(root);
  const stale = [...files].filter(([path, text]) => textOf(join(root, path)) !== text);
  const there = readdirSync(join(root, FOLDER)).map((name) => join(FOLDER, name));
  return [
    ...stale.map(([path]) => `${path} is not what the source says: npm run generate`),
    ...there.filter((path) => !files.has(path)).map((path) => `${path} belongs to nothing`),
  ];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
