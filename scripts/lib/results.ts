/** What a run of tests came to. */
export interface Results {
  passed: number;
  failed: number;
  /** What was not run, and why. */
  skipped: { readonly name: string; readonly reason: string }[];
}

export function add(to: Results, more: Results): void {
  to.passed += more.passed;
  to.failed += more.failed;
  to.skipped.push(...more.skipped);
}

export function line({ passed, failed, skipped }: Results): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}
