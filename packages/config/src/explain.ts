import type { z } from "zod";
import type { Origin } from "./origin.ts";
import { closest, type Problem } from "./problem.ts";
import { isSecret } from "./secret.ts";
import type { ConfigSection } from "./section.ts";
import { descriptionOf, schemaAt, shapeOf, valueAt } from "./walk.ts";

/** Says in people's words what zod found wrong: the path, the value, and what would be right. */
export function explain(
  section: ConfigSection<unknown>,
  value: unknown,
  issue: z.core.$ZodIssue,
  originOf: Origin,
): Problem[] {
  const path = [section.name, ...issue.path];
  const schema = schemaAt(section.schema, issue.path);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys((schema && shapeOf(schema)) ?? {});
    return issue.keys.map((key) => {
      const near = closest(key, known);
      return {
        path: pathText([...path, key]),
        problem: "unknown key",
        expected: near === undefined ? `one of ${known.join(", ")}` : `did you mean ${near}?`,
        ...originOf([...path, key]),
      };
    });
  }
  const found = valueAt(value, issue.path);
  const description = schema === undefined ? "" : descriptionOf(schema);
  return [
    {
      path: pathText(path),
      problem: found === undefined ? "is missing" : `${shown(found, section, issue.path)} is wrong`,
      expected: `expected ${wanted(issue)}${description === "" ? "" : ` (${description})`}`,
      ...originOf(path),
    },
  ];
}

/** `edge.listen[0].port` */
export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step, at) => (typeof step === "number" ? `[${step}]` : `${at === 0 ? "" : "."}${String(step)}`))
    .join("");
}

/** A secret, and whatever contains one, is never shown. */
function shown(value: unknown, section: ConfigSection<unknown>, path: readonly PropertyKey[]): string {
  for (let length = 0; length <= path.length; length += 1) {
    const schema = schemaAt(section.schema, path.slice(0, length));
    if (schema !== undefined && isSecret(schema)) return "the value (a secret)";
  }
  const text =
    typeof value === "object" && value !== null ? (Array.isArray(value) ? "a list" : "a map") : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return article(issue.expected);
    case "invalid_value":
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return bound(issue.origin, issue.minimum, issue.inclusive === false ? "more than" : "at least");
    case "too_big":
      return bound(issue.origin, issue.maximum, issue.inclusive === false ? "less than" : "at most");
    case "invalid_format":
      return issue.format === "regex" ? issue.message : article(issue.format);
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union":
      return [...new Set(issue.errors.flat().map(wanted))].join(" or ") || issue.message;
    case "invalid_key":
      return `another key: ${issue.issues.map(wanted).join(" and ")}`;
    default:
      return issue.message;
  }
}

function bound(origin: string, limit: number | bigint, words: string): string {
  if (origin === "string") return `${words} ${limit} characters`;
  if (origin === "array") return `${words} ${limit} entries`;
  return `${words} ${limit}`;
}

function article(type: string): string {
  const words: Record<string, string> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    object: "a map",
    record: "a map",
    array: "a list",
    ipv4: "an IPv4 address",
    ipv6: "an IPv6 address",
    url: "a URL",
  };
  return words[type] ?? type;
}
