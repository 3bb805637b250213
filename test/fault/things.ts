import type { FaultClient, Outcome } from './client.ts';
import type { Tally } from './observer.ts';
import type { Random } from './random.ts';

type Kind = 'network' | 'volume';

const PATHS: Readonly<Record<Kind, string>> = { network: '/networks', volume: '/volumes' };
const MOST: Readonly<Record<Kind, number>> = { network: 2, volume: 6 };

/** Networks and volumes of one client: made and removed, and none forgotten. */
export class Things {
  readonly #prefix: string;
  readonly #client: FaultClient;
  readonly #random: Random;
  readonly #tally: Tally;
  /** Those that the client was told to exist. */
  readonly #told: Readonly<Record<Kind, Set<string>>> = { network: new Set(), volume: new Set() };
  #made = 0;

  constructor(prefix: string, dependencies: { client: FaultClient; random: Random; tally: Tally }) {
    this.#prefix = prefix;
    this.#client = dependencies.client;
    this.#random = dependencies.random;
    this.#tally = dependencies.tally;
  }

  /** A volume that a container's create made by the way. */
  hold(volume: string): void {
    this.#told.volume.add(volume);
  }

  /** Make one, or remove one. */
  async step(): Promise<void> {
    const kind = this.#random.pick(['network', 'volume'] as const);
    const own = [...this.#told[kind]].filter((name) => name.startsWith(`${kind[0]}x`));
    if (own.length > 0 && (own.length >= MOST[kind] || this.#random.chance(0.4)))
      return await this.#remove(kind, this.#random.pick(own));
    this.#made += 1;
    await this.#create(kind, `${kind[0]}x${this.#prefix}-${this.#made}`);
  }

  async #create(kind: Kind, name: string): Promise<void> {
    const outcome = await this.#client.send('POST', `${PATHS[kind]}/create`, { Name: name });
    this.#count(outcome);
    if (outcome.kind === 'ok') this.#told[kind].add(name);
    else if (outcome.kind === 'refused') this.#complain(`creating the ${kind} ${name} was refused: ${outcome.text}`);
    if (outcome.kind === 'unsure' ? await this.#exists(kind, name) : false) this.#told[kind].add(name);
  }

  async #remove(kind: Kind, name: string): Promise<void> {
    const outcome = await this.#client.send('DELETE', `${PATHS[kind]}/${name}`);
    this.#count(outcome);
    if (outcome.kind === 'refused') this.#complain(`removing the ${kind} ${name} was refused: ${outcome.text}`);
    if (outcome.kind === 'ok' || !(await this.#exists(kind, name))) this.#told[kind].delete(name);
  }

  #count(outcome: Outcome): void {
    if (outcome.kind === 'unsure') this.#tally.unsure += 1;
    if (outcome.kind === 'hung') this.#complain(`a request about a network or volume got no answer: ${outcome.text}`);
  }

  #complain(problem: string): void {
    this.#tally.problems.push(problem);
  }

  async #exists(kind: Kind, name: string): Promise<boolean> {
    return (await this.#client.certain('GET', `${PATHS[kind]}/${name}`)).kind === 'ok';
  }

  /** All that was told is there, and nothing that was told to be gone; then all of it can be removed. */
  async finish(): Promise<void> {
    for (const kind of ['network', 'volume'] as const) {
      const present = await this.#names(kind);
      const prefixes = [`${kind[0]}x${this.#prefix}-`, `${kind[0]}${this.#prefix}-`];
      const own = present.filter((name) => prefixes.some((prefix) => name.startsWith(prefix)));
      for (const name of this.#told[kind]) if (!own.includes(name)) this.#complain(`the ${kind} ${name} was forgotten`);
      for (const name of own) {
        // One of a create that was cut may be there or not.
        const wasTold = this.#told[kind].has(name) || !name.startsWith(`${kind[0]}x`);
        if (!wasTold) this.#complain(`the ${kind} ${name} is there, though it was removed or never made`);
        const { kind: answer, text } = await this.#client.certain('DELETE', `${PATHS[kind]}/${name}`);
        if (answer !== 'ok') this.#complain(`the ${kind} ${name} cannot be removed at the end: ${text}`);
      }
    }
  }

  async #names(kind: Kind): Promise<string[]> {
    const { text } = await this.#client.certain('GET', PATHS[kind]);
    const answer = JSON.parse(text) as { Name: string }[] | { Volumes: { Name: string }[] | null };
    return (Array.isArray(answer) ? answer : (answer.Volumes ?? [])).map(({ Name }) => Name);
  }
}
