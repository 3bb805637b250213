import type { ContainerInspect } from '@pouch/api';
import type { FaultClient, Outcome } from './client.ts';
import { checkFiniteLog } from './log-check.ts';
import type { ModelContainer } from './model.ts';

/** What all workers count and complain to together. */
export interface Tally {
  readonly operations: Record<string, number>;
  readonly problems: string[];
  unsure: number;
  refused: number;
  lines: number;
}

/** Looks at containers and holds them against what the client was told. */
export class Observer {
  readonly #client: FaultClient;
  readonly #tally: Tally;

  constructor(client: FaultClient, tally: Tally) {
    this.#client = client;
    this.#tally = tally;
  }

  /** A contradiction, with the container's history. */
  complain(container: ModelContainer, problem: string): void {
    const heading = `${container.name} (${container.id?.slice(0, 12)}, ${container.behaviour.kind}): ${problem}`;
    // One problem brings others: the history up to the first tells most.
    const isFirst = !container.history.some((line) => line.includes('PROBLEM'));
    const history = isFirst ? container.history.map((line) => `\n      ${line}`) : [];
    container.note(`PROBLEM ${problem}`);
    this.#tally.problems.push(`${heading}${history.join('')}`);
  }

  /** Write an answer into the container's history, and count it. */
  note(container: ModelContainer, what: string, outcome: Outcome): Outcome {
    container.note(
      `${what}: ${outcome.kind} ${outcome.status} ${outcome.kind === 'ok' ? '' : outcome.text.trim().slice(0, 300)}`,
    );
    if (outcome.kind === 'unsure') this.#tally.unsure += 1;
    if (outcome.kind === 'refused') this.#tally.refused += 1;
    if (outcome.kind === 'hung') this.complain(container, `${what} got no answer`);
    return outcome;
  }

  /** Ask the daemon where the container is, and hold it against what was told. */
  async verify(container: ModelContainer): Promise<ContainerInspect | undefined> {
    const outcome = await this.#client.certain('GET', `/containers/${container.id ?? container.name}/json`);
    if (outcome.kind === 'hung') {
      this.complain(container, `inspect got no answer: ${outcome.text}`);
      return undefined;
    }
    const seen = outcome.kind === 'ok' ? (JSON.parse(outcome.text) as ContainerInspect) : undefined;
    // Its name was given back already; an automatic removal ends by itself.
    const removing = seen?.State.Status === 'removing' && container.allowed().has('gone');
    container.note(
      seen
        ? `seen ${seen.State.Status} ${seen.State.ExitCode} ${seen.Name} pid ${seen.State.Pid} ${seen.State.StartedAt} ${seen.State.FinishedAt}`
        : `seen gone (${outcome.status})`,
    );
    if (seen) container.id ??= seen.Id;
    for (const problem of container.observe(removing ? undefined : seen)) this.complain(container, problem);
    return seen;
  }

  /** Every line of the last run exactly once, where the run came to its own end. */
  async checkLog(container: ModelContainer): Promise<void> {
    const { behaviour } = container;
    if (behaviour.kind !== 'finite' || container.autoRemove || container.runs !== 1 || container.interrupted) return;
    const seen = await this.verify(container);
    if (seen?.State.Status !== 'exited') return;
    const outcome = await this.#client.certain('GET', `/containers/${container.id}/logs?stdout=1&stderr=1`);
    if (outcome.kind !== 'ok') return this.complain(container, `logs: ${outcome.status} ${outcome.text}`);
    for (const problem of checkFiniteLog(outcome.text, behaviour.lines)) this.complain(container, problem);
    this.#tally.lines += behaviour.lines * 2;
  }
}
