import type { Module } from "@sipmesh/runtime";

/**
 * The modules that a list of targets names, those that others need first. `all` is every one.
 * @throws Error with a sentence where there is no such target
 */
export function chooseModules<M extends Pick<Module, "name" | "needs">>(
  targets: string,
  modules: readonly M[],
): readonly M[] {
  const wanted = new Set(
    targets
      .split(",")
      .map((target) => target.trim())
      .filter((target) => target !== ""),
  );
  const names = modules.map((module) => module.name);
  if (wanted.delete("all")) for (const name of names) wanted.add(name);
  const unknown = [...wanted].filter((target) => !names.includes(target));
  if (unknown.length > 0) throw new Error(`no target ${unknown.join(", ")}; there are all, ${names.join(", ")}`);
  if (wanted.size === 0) throw new Error(`--target names nothing; there are all, ${names.join(", ")}`);
  const chosen: M[] = [];
  const take = (module: M, above: readonly string[]) => {
    if (chosen.includes(module)) return;
    if (above.includes(module.name)) throw new Error(`targets need each other: ${[...above, module.name].join(" → ")}`);
    for (const need of modules)
      if (module.needs.includes(need.name) && wanted.has(need.name)) take(need, [...above, module.name]);
    chosen.push(module);
  };
  for (const module of modules) if (wanted.has(module.name)) take(module, []);
  return chosen;
}
