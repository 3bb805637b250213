import type { BothEngines } from '../harness/both.ts';
import type { ComposeClient } from './clients.ts';
import { differencesOf } from './differences.ts';
import type { ComposeProject } from './project.ts';
import { type ComposeStepResult, runProject } from './run-project.ts';

/** A run that is held against another. */
export interface ComposeComparison {
  readonly client: ComposeClient;
  readonly engine: 'docker' | 'pouch';
  /** The client whose run on dockerd is what is expected. */
  readonly reference: ComposeClient;
}

/**
 * What is held against what: each of Docker's clients on pouchd against itself on dockerd, and ours on both against the
 * newest of Docker's. The old docker-compose reads files otherwise than the new, so it is held against itself only.
 */
export function comparisonsOf(clients: readonly ComposeClient[]): ComposeComparison[] {
  const newest = clients.find(({ name }) => name === 'docker compose');
  return clients.flatMap((client): ComposeComparison[] => {
    if (client.name !== 'pouch compose') return [{ client, engine: 'pouch', reference: client }];
    if (!newest) return [];
    return (['docker', 'pouch'] as const).map((engine) => ({ client, engine, reference: newest }));
  });
}

/** Runs projects, those of a reference once. */
export class ComposeRuns {
  readonly #both: BothEngines;
  readonly #expected = new Map<string, Promise<readonly ComposeStepResult[]>>();

  constructor(both: BothEngines) {
    this.#both = both;
  }

  async expected(project: ComposeProject, client: ComposeClient): Promise<readonly ComposeStepResult[]> {
    const key = `${project.name} ${client.name}`;
    const run = this.#expected.get(key) ?? runProject(project, client, this.#both.docker);
    this.#expected.set(key, run);
    return await run;
  }

  /** Where a run differs from what is expected, a text per difference. */
  async compare(project: ComposeProject, { client, engine, reference }: ComposeComparison): Promise<string[]> {
    const expected = await this.expected(project, reference);
    return differencesOf(project, expected, await runProject(project, client, this.#both[engine]));
  }
}
