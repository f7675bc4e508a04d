/** What a run of tests came to. */
export interface Results {
  passed: number;
  /** With the first line of why. */
  failed: Noted[];
  /** What was not run, and why. */
  skipped: Noted[];
  /** What was run and is known not to hold yet: marked `todo` with what is lost. */
  notYet: Noted[];
}

export interface Noted {
  readonly name: string;
  readonly reason: string;
}

export function nothing(): Results {
  return { passed: 0, failed: [], skipped: [], notYet: [] };
}

export function add(to: Results, more: Results): void {
  to.passed += more.passed;
  to.failed.push(...more.failed);
  to.skipped.push(...more.skipped);
  to.notYet.push(...more.notYet);
}

/** What was left out, what does not hold yet, and last what failed, a line each. */
export function told({ failed, skipped, notYet }: Results): string[] {
  return [
    ...skipped.map(({ name, reason }) => `skipped: ${name}: ${reason}`),
    ...notYet.map(({ name, reason }) => `does not hold yet: ${name}: ${reason}`),
    ...failed.map(({ name, reason }) => `failed: ${name}: ${reason}`),
  ];
}

/** How many tests these are. */
export function count({ passed, failed, skipped, notYet }: Results): number {
  return passed + failed.length + skipped.length + notYet.length;
}

export function line({ passed, failed, skipped, notYet }: Results): string {
  const known = notYet.length === 0 ? "" : `, ${notYet.length} not holding yet`;
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped${known}`;
}
