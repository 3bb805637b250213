/**
 * What a user does, step by step. Each step is a line for the shell, with `docker` set to the engine, run in a directory of
 * the scenario's own; `$N` is the name that its containers, volumes and networks begin with, `$KEYS` prints the names of
 * fields in JSON. Both engines get the same lines; what is compared of each is the exit code and what was printed, and at the end the files in the directory.
 */
export interface Scenario {
  /** Letters, digits and hyphens. */
  readonly name: string;
  readonly steps: readonly string[];
  /** It looks at, or changes, what is not its own: nothing else runs meanwhile. */
  readonly alone?: boolean;
  /** Every step is to end with 0: programs that fail alike on both show nothing. */
  readonly succeeds?: boolean;
  /** Only in the full run: it takes long. */
  readonly slow?: boolean;
}

/** What the names of everything that a scenario makes begin with. No scenario's is part of another's. */
export function prefixOf({ name }: Scenario): string {
  return `x${name.replaceAll('-', '')}0`;
}

/** Scenarios as a table of names and steps. */
export function scenarios(
  table: Readonly<Record<string, readonly string[]>>,
  options: Omit<Scenario, 'name' | 'steps'> = {},
): Scenario[] {
  return Object.entries(table).map(([name, steps]) => ({ name, steps, ...options }));
}

/** How many times the docker client is called by them. */
export function countInvocations(list: readonly Scenario[]): number {
  return list.flatMap(({ steps }) => steps).reduce((sum, step) => sum + (step.match(/\bdocker(?= )/g)?.length ?? 0), 0);
}
