import type { ComposeProject } from './project.ts';
import type { ComposeStepResult } from './run-project.ts';

/** Where a client's run differs from the reference, a text per difference. */
export function differencesOf(
  project: ComposeProject,
  expected: readonly ComposeStepResult[],
  found: readonly ComposeStepResult[],
): string[] {
  const differences: string[] = [];
  for (const { step } of expected) {
    const theirs = expected.find((result) => result.step === step);
    const ours = found.find((result) => result.step === step);
    if (!theirs || !ours) continue;
    const tell = (what: string, a: string, b: string): void => {
      if (a !== b)
        differences.push(
          `${project.name}: ${step.line}\n  ${what}\n${diff(a, b)}${ours.exit === '0' ? '' : `\n${ours.stderr}`}`,
        );
    };
    tell('exit code', theirs.exit, ours.exit);
    if (step.prints) tell('output', theirs.stdout, ours.stdout);
    tell('state', theirs.seen, ours.seen);
  }
  return differences;
}

/** Lines that only one of them has. */
function diff(expected: string, found: string): string {
  const theirs = expected.split('\n');
  const ours = found.split('\n');
  const only = (a: readonly string[], b: readonly string[]): string[] => {
    const rest = [...b];
    return a.filter((line) => {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      return at < 0;
    });
  };
  const lines = [
    ...only(theirs, ours).map((line) => `    - ${line}`),
    ...only(ours, theirs).map((line) => `    + ${line}`),
  ];
  return lines.length > 0 ? lines.join('\n') : '    the same lines in another order';
}
