/** What a run of tests came to. */
export interface Results {
  passed: number;
  failed: number;
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
  return { passed: 0, failed: 0, skipped: [], notYet: [] };
}

export function add(to: Results, more: Results): void {
  to.passed += more.passed;
  to.failed += more.failed;
  to.skipped.push(...more.skipped);
  to.notYet.push(...more.notYet);
}

/** What was left out and what does not hold yet, a line each. */
export function told({ skipped, notYet }: Results): string[] {
  return [
    ...skipped.map(({ name, reason }) => `skipped: ${name}: ${reason}`),
    ...notYet.map(({ name, reason }) => `does not hold yet: ${name}: ${reason}`),
  ];
}

export function line({ passed, failed, skipped, notYet }: Results): string {
  const known = notYet.length === 0 ? "" : `, ${notYet.length} not holding yet`;
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped${known}`;
}
