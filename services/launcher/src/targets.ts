/**
 * The modules that a list of targets names; `all` is every one.
 * @throws UsageError where there is no such target
 */
export function chooseModules<M extends { readonly name: string }>(
  targets: string,
  modules: readonly M[],
): readonly M[] {
  const wanted = targets
    .split(",")
    .map((target) => target.trim())
    .filter((target) => target !== "");
  const names = modules.map((module) => module.name);
  const unknown = wanted.filter((target) => target !== "all" && !names.includes(target));
  if (unknown.length > 0) throw new UsageError(`no target ${unknown.join(", ")}; there are all, ${names.join(", ")}`);
  if (wanted.length === 0) throw new UsageError(`--target names nothing; there are all, ${names.join(", ")}`);
  return modules.filter(({ name }) => wanted.includes("all") || wanted.includes(name));
}

/** The command line asks for what there is not. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
