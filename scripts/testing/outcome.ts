/** One test, check or file that failed. */
export interface Failure {
  readonly name: string;
  /** `test/system/run.test.ts:12`, where it is known. */
  readonly place: string;
  readonly detail: string;
}

/** What came out of a part of the tests. */
export interface Outcome {
  readonly passed: number;
  readonly failures: readonly Failure[];
  /** How many failed: a file that dies early fails more tests than it could name. */
  readonly failed: number;
  /** Why, and how often. */
  readonly skipped: ReadonlyMap<string, number>;
}

export function total(outcomes: readonly Outcome[]): { passed: number; failed: number; skipped: number } {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) {
    sum.passed += outcome.passed;
    sum.failed += outcome.failed;
    for (const count of outcome.skipped.values()) sum.skipped += count;
  }
  return sum;
}
