import { LineCounter, parseDocument } from "yaml";
import { applyEnvironment } from "./environment.ts";
import { explain } from "./explain.ts";
import type { Origin } from "./origin.ts";
import { ConfigError, closest, type Problem } from "./problem.ts";
import type { ConfigSection } from "./section.ts";
import { valueAt } from "./walk.ts";

export interface Sources {
  /** The YAML file, where there is one. */
  readonly file?: { readonly name: string; readonly text: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Values that go under the file, by section and key: what a file sets as well is the file's. */
  readonly presets?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Beginnings of `SIPMESH_…` variables that are not configuration. */
  readonly ignore?: readonly string[];
}

/** The whole configuration: a checked value per section, with its defaults filled in. */
export class Config {
  readonly #sections: readonly ConfigSection<unknown>[];
  readonly #values: ReadonlyMap<string, unknown>;

  readonly #given: Readonly<Record<string, unknown>>;

  constructor(
    sections: readonly ConfigSection<unknown>[],
    values: ReadonlyMap<string, unknown>,
    given: Readonly<Record<string, unknown>>,
  ) {
    this.#sections = sections;
    this.#values = values;
    this.#given = given;
  }

  /** Whether file or environment say something at a path such as "directory.domains". */
  isSet(path: string): boolean {
    return valueAt(this.#given, path.split(".")) !== undefined;
  }

  get sections(): readonly ConfigSection<unknown>[] {
    return this.#sections;
  }

  /** The value of a section that was handed to `loadConfig`. */
  of<C>(section: ConfigSection<C>): C {
    if (!this.#values.has(section.name)) throw new Error(`no section ${section.name}`);
    return this.#values.get(section.name) as C;
  }
}

/**
 * Reads and checks everything before anything starts.
 * @throws ConfigError with all that is wrong
 */
export function loadConfig(sections: readonly ConfigSection<unknown>[], sources: Sources): Config {
  const problems: Problem[] = [];
  const { values, lineOf } = readFile(sources.file, problems);
  const names = sections.map((section) => section.name);
  for (const key of Object.keys(values)) {
    if (names.includes(key)) continue;
    const near = closest(key, names);
    problems.push({
      path: key,
      problem: "unknown section",
      expected: near === undefined ? `one of ${names.join(", ")}` : `did you mean ${near}?`,
      ...lineOf([key]),
    });
  }
  const variables = new Map<string, string>();
  problems.push(...applyEnvironment(values, sections, sources.environment, sources.ignore ?? [], variables));
  const originOf: Origin = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const variable = variables.get(path.slice(0, length).join("."));
      if (variable !== undefined) return { variable };
    }
    return lineOf(path);
  };
  const checked = new Map<string, unknown>();
  for (const section of sections) {
    const value = under(values[section.name] ?? {}, sources.presets?.[section.name]);
    const result = section.schema.safeParse(value);
    if (result.success) checked.set(section.name, result.data);
    else for (const issue of result.error.issues) problems.push(...explain(section, value, issue, originOf));
  }
  if (problems.length > 0) throw new ConfigError(problems, sources.file?.name);
  return new Config(sections, checked, values);
}

function under(value: unknown, preset: Readonly<Record<string, unknown>> | undefined): unknown {
  return typeof value === "object" && !Array.isArray(value) ? { ...preset, ...value } : value;
}

function readFile(file: Sources["file"], problems: Problem[]): { values: Record<string, unknown>; lineOf: Origin } {
  if (file === undefined) return { values: {}, lineOf: () => ({}) };
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines });
  const lineOf: Origin = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as { range?: readonly number[] } | undefined;
      const start = node?.range?.[0];
      if (start !== undefined) return { line: lines.linePos(start).line };
    }
    return {};
  };
  for (const error of document.errors) {
    problems.push({
      path: "",
      problem: `not valid YAML: ${error.message.split("\n")[0]}`,
      expected: "see https://yaml.org",
      line: error.linePos?.[0].line ?? 1,
    });
  }
  if (problems.length > 0) return { values: {}, lineOf };
  const values: unknown = document.toJS() ?? {};
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    problems.push({
      path: "",
      problem: "the file holds no sections",
      expected: "a map of sections, as --print-config shows",
      line: 1,
    });
    return { values: {}, lineOf };
  }
  return { values: { ...values }, lineOf };
}
