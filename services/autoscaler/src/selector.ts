/** Whether labels are meant by a selector. */
export type Selector = (labels: Readonly<Record<string, string>>) => boolean;

/** A label selector that cannot be read. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

const KEY = `[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?`;
const VALUE = `(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?`;
/** One requirement: set-based, equality-based, or whether there is such a label. */
const IN_SET = new RegExp(String.raw`^(${KEY})\s+(in|notin)\s*\(([^()]*)\)$`);
const EQUAL = new RegExp(String.raw`^(${KEY})\s*(==|=|!=)\s*(${VALUE})$`);
const THERE = new RegExp(String.raw`^(!?)\s*(${KEY})$`);
const A_VALUE = new RegExp(`^${VALUE}$`);

/**
 * Reads what Kubernetes writes as `labelSelector`: requirements separated by commas, all of which must hold. Nothing
 * selects everything.
 *
 * @throws SelectorError
 */
export function readSelector(text: string): Selector {
  const requirements = split(text).map(readRequirement);
  return (labels) => requirements.every((holds) => holds(labels));
}

/** At the commas that are not inside parentheses. */
function split(text: string): string[] {
  if (text.trim() === "") return [];
  return text.split(/,(?![^()]*\))/).map((part) => part.trim());
}

function readRequirement(text: string): Selector {
  const [, setKey, operator, values] = IN_SET.exec(text) ?? [];
  if (setKey !== undefined && values !== undefined) {
    const set = values.split(",").map((value) => value.trim());
    if (!set.every((value) => A_VALUE.test(value))) throw new SelectorError(`no set of label values: ${values}`);
    // As in Kubernetes: what is not there is in no set.
    return (labels) => set.includes(labels[setKey] ?? "\0") === (operator === "in");
  }
  const [, key, comparison, value] = EQUAL.exec(text) ?? [];
  if (key !== undefined) return (labels) => (labels[key] === value) === (comparison !== "!=");
  const [, not, label] = THERE.exec(text) ?? [];
  if (label !== undefined) return (labels) => label in labels === (not === "");
  throw new SelectorError(`no requirement on labels: ${text}`);
}
