import type { AcceptedDifference } from '../accepted-differences.ts';
import type { Engines } from './engine.ts';
import { normalise } from './normalise.ts';
import type { ScenarioResult } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

export interface Difference {
  readonly scenario: string;
  /** The line for the shell, or `files`. */
  readonly step: string;
  readonly part: 'exit code' | 'stdout' | 'stderr' | 'files';
  readonly pouch: string;
  readonly docker: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** Ids of the accepted differences that were met. */
  readonly met: ReadonlySet<string>;
}

/** Where the results of one scenario differ after normalising, accepted differences left out. */
export function compare(
  scenario: Scenario,
  results: Readonly<Record<keyof Engines, ScenarioResult>>,
  engines: Engines,
  accepted: readonly AcceptedDifference[],
): Comparison {
  const differences: Difference[] = [];
  const met = new Set<string>();
  const look = (step: string, part: Difference['part'], texts: Readonly<Record<keyof Engines, string>>): void => {
    // What was sorted by ids and sizes is sorted again without them.
    const settle = step.endsWith('| sort') && part === 'stdout' ? sortLines : (text: string) => text;
    let pouch = settle(normalise(texts.pouch, engines.pouch, results.pouch.directory));
    let docker = settle(normalise(texts.docker, engines.docker, results.docker.directory));
    for (const { id, steps, pattern, word = '', exitCode = false } of accepted) {
      if (pouch === docker) return;
      if (!steps.test(step) || (part === 'exit code' && !exitCode)) continue;
      const replaced = [pouch.replaceAll(pattern, word), docker.replaceAll(pattern, word)];
      if (replaced[0] === pouch && replaced[1] === docker) continue;
      met.add(id);
      [pouch = '', docker = ''] = replaced;
    }
    if (pouch !== docker) differences.push({ scenario: scenario.name, step, part, pouch, docker });
  };
  for (const [index, step] of scenario.steps.entries()) {
    const pouch = results.pouch.steps[index];
    const docker = results.docker.steps[index];
    if (!pouch || !docker) continue;
    look(step, 'exit code', { pouch: pouch.exit, docker: docker.exit });
    if (scenario.succeeds && pouch.exit !== '0') {
      const failed = { pouch: `${pouch.exit}, though it is to succeed\n${pouch.stderr}`, docker: docker.exit };
      differences.push({ scenario: scenario.name, step, part: 'exit code', ...failed });
    }
    look(step, 'stdout', { pouch: pouch.stdout, docker: docker.stdout });
    look(step, 'stderr', { pouch: pouch.stderr, docker: docker.stderr });
  }
  look('files', 'files', { pouch: results.pouch.files, docker: results.docker.files });
  return { differences, met };
}

function sortLines(text: string): string {
  return text
    .split('\n')
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join('\n');
}

/** A difference for people: the lines that only one of them has. */
export function describeDifference({ scenario, step, part, pouch, docker }: Difference): string {
  const ours = pouch.split('\n');
  const theirs = docker.split('\n');
  const only = (lines: readonly string[], others: readonly string[]): string[] => {
    const left = [...others];
    return lines.filter((line) => {
      const at = left.indexOf(line);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
  };
  const minus = only(theirs, ours).map((line) => `      docker  ${line}`);
  const plus = only(ours, theirs).map((line) => `      pouch   ${line}`);
  const body = minus.length + plus.length > 0 ? [...minus, ...plus] : ['      the same lines in another order'];
  return [`  ${scenario}: ${step}`, `    ${part}`, ...body].join('\n');
}
