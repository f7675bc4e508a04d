interface Named {
  readonly name: string;
  readonly onlyByName?: true;
}

/**
 * The modules that a list of targets names; `all` is every one but those that run only where they are named.
 * @throws UsageError where there is no such target
 */
export function chooseModules<M extends Named>(targets: string, modules: readonly M[]): readonly M[] {
  const wanted = targets
    .split(",")
    .map((target) => target.trim())
    .filter((target) => target !== "");
  const names = modules.map((module) => module.name);
  const unknown = wanted.filter((target) => target !== "all" && !names.includes(target));
  if (unknown.length > 0) throw new UsageError(`no target ${unknown.join(", ")}; there are all, ${names.join(", ")}`);
  if (wanted.length === 0) throw new UsageError(`--target names nothing; there are all, ${names.join(", ")}`);
  return modules.filter(
    ({ name, onlyByName }) => wanted.includes(name) || (wanted.includes("all") && onlyByName !== true),
  );
}

/** What a process with these modules is called: "all" where it is a whole platform. */
export function processName(chosen: readonly Named[], modules: readonly Named[]): string {
  const whole = modules.every((module) => module.onlyByName === true || chosen.includes(module));
  return whole ? "all" : chosen.map(({ name }) => name).join("-");
}

/** The command line asks for what there is not. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
