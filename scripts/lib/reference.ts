import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join("docs", "reference");

/** The reference pages as the source has them now. Loaded late: the checks before it do not need the services. */
async function pages(root: string): Promise<ReadonlyMap<string, string>> {
  const { reference } = (await import(join(root, "services/launcher/src/index.ts"))) as {
    reference: () => ReadonlyMap<string, string>;
  };
  return reference();
}

export async function writeReference(root: string): Promise<void> {
  mkdirSync(join(root, FOLDER), { recursive: true });
  for (const [name, text] of await pages(root)) writeFileSync(join(root, FOLDER, name), text);
}

/** Pages that differ from the source, are missing, or belong to nothing. */
export async function referenceProblems(root: string): Promise<string[]> {
  const made = await pages(root);
  const there = readdirSync(join(root, FOLDER));
  const stale = [...made].filter(
    ([name, text]) => !there.includes(name) || readFileSync(join(root, FOLDER, name), "utf8") !== text,
  );
  return [
    ...stale.map(([name]) => `${FOLDER}/${name} is not what the source says: npm run generate`),
    ...there.filter((name) => !made.has(name)).map((name) => `${FOLDER}/${name} belongs to nothing`),
  ];
}
