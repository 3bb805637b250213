import type { ContainerWaitResponse } from '@pouch/api';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultClient, Outcome } from './client.ts';
import { type Behaviour, ModelContainer, type Status } from './model.ts';
import { Observer, type Tally } from './observer.ts';
import type { Random } from './random.ts';
import { Things } from './things.ts';
import { createRequest } from './workload.ts';

type Operation =
  | 'create'
  | 'start'
  | 'stop'
  | 'kill'
  | 'restart'
  | 'exec'
  | 'rename'
  | 'remove'
  | 'inspect'
  | 'wait'
  | 'logs'
  | 'pause'
  | 'thing';

const WEIGHTS: Readonly<Record<Operation, number>> = {
  create: 16,
  start: 22,
  stop: 10,
  kill: 6,
  restart: 5,
  exec: 12,
  rename: 5,
  remove: 12,
  inspect: 6,
  wait: 4,
  logs: 3,
  pause: 3,
  thing: 6,
};
const MOST = 6;

/** One client with containers of its own: asks, keeps what it was told, and looks whether that is so. */
export class Worker {
  readonly containers: ModelContainer[] = [];
  readonly #things: Things;
  readonly #number: number;
  readonly #client: FaultClient;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #observer: Observer;
  readonly #firstPort: number;
  #made = 0;

  constructor(number: number, firstPort: number, dependencies: { client: FaultClient; random: Random; tally: Tally }) {
    this.#number = number;
    this.#firstPort = firstPort;
    this.#client = dependencies.client;
    this.#random = dependencies.random;
    this.#tally = dependencies.tally;
    this.#observer = new Observer(dependencies.client, dependencies.tally);
    this.#things = new Things(String(number), dependencies);
  }

  /** Work until told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.step();
      await sleep(this.#random.int(0, 60));
    }
  }

  /** One operation, on a container that may be where it makes sense or where it must be refused. */
  async step(): Promise<void> {
    const living = this.containers.filter((container) => !container.gone);
    const operation = living.length === 0 ? 'create' : this.#random.weighted(WEIGHTS);
    if (operation === 'create') {
      if (living.length < MOST) await this.#create();
      return;
    }
    this.#tally.operations[operation] = (this.#tally.operations[operation] ?? 0) + 1;
    if (operation === 'thing') return await this.#things.step();
    const container = this.#random.pick(living);
    switch (operation) {
      case 'start':
        return await this.#start(container, 'start');
      case 'restart':
        return await this.#start(container, 'restart?t=3');
      case 'stop':
        return await this.#end(container, 'stop?t=3', [9, 143]);
      case 'kill':
        return await this.#end(container, 'kill', [137]);
      case 'remove':
        return await this.#remove(container, this.#random.chance(0.7));
      case 'rename':
        return await this.#rename(container);
      case 'exec':
        return await this.#exec(container);
      case 'wait':
        return await this.#wait(container);
      case 'logs':
        return await this.#observer.checkLog(container);
      case 'pause':
        return await this.#pause(container);
      default:
        await this.#observer.verify(container);
    }
  }

  async #create(): Promise<void> {
    this.#tally.operations['create'] = (this.#tally.operations['create'] ?? 0) + 1;
    this.#made += 1;
    const name = `w${this.#number}-${this.#made}`;
    const port = this.#firstPort + (this.#made % 50);
    const behaviour = this.#behaviour(port);
    const container = new ModelContainer(
      this.#made,
      name,
      behaviour,
      behaviour.kind === 'finite' && this.#random.chance(0.4),
    );
    const volume = this.#random.chance(0.25) ? `v${this.#number}-${this.#made}` : undefined;
    const network = this.#random.pick([undefined, undefined, 'none', 'chaos-net', 'host'] as const);
    const request = createRequest(container, { volume, network });
    const outcome = this.#observer.note(
      container,
      'create',
      await this.#client.send('POST', `/containers/create?name=${name}`, request),
    );
    this.containers.push(container);
    if (outcome.kind === 'ok') {
      container.id = (JSON.parse(outcome.text) as { Id: string }).Id;
      if (volume) this.#things.hold(volume);
    } else if (outcome.kind === 'refused') {
      container.possible = new Set(['gone']);
      this.#observer.complain(container, `create was refused: ${outcome.text}`);
    } else {
      container.possible = new Set(['created', 'gone']);
      await this.#observer.verify(container);
    }
  }

  #behaviour(port: number): Behaviour {
    const random = this.#random;
    switch (random.weighted({ sleeper: 3, finite: 5, server: 2, restarting: 1.5 })) {
      case 'finite':
        return {
          kind: 'finite',
          lines: random.int(0, 1500),
          seconds: random.pick([0, 0, 0.2, 1, 2, 4]),
          code: random.int(0, 8),
        };
      case 'server':
        return { kind: 'server', port };
      case 'restarting':
        return { kind: 'restarting', seconds: random.pick([0.2, 1]), retries: random.chance(0.4) ? 3 : undefined };
      default:
        return { kind: 'sleeper' };
    }
  }

  /** After an answer that is none: every place it may have got to, and then a look. */
  async #settle(container: ModelContainer, ...possible: readonly Status[]): Promise<void> {
    for (const status of possible) container.possible.add(status);
    await this.#observer.verify(container);
  }

  async #start(container: ModelContainer, action: string): Promise<void> {
    const before = container.allowed();
    const outcome = this.#observer.note(
      container,
      action,
      await this.#client.send('POST', `/containers/${container.id}/${action}`),
    );
    if (outcome.kind === 'refused') return await this.#refused(container, before, ['gone', 'paused'], action, outcome);
    if (outcome.status === 304) return await this.#observer.verify(container).then(() => {});
    container.codes = new Set(container.behaviour.kind === 'finite' ? [container.behaviour.code] : []);
    container.startedAt = undefined;
    container.pid = undefined;
    container.runs += 1;
    container.interrupted = outcome.kind !== 'ok' || action !== 'start';
    container.stopAsked = outcome.kind !== 'ok' && action !== 'start';
    if (outcome.kind === 'ok') {
      container.possible = new Set(['running']);
      // Learn its start time, so that a start of our own accord is noticed later.
      await this.#observer.verify(container);
      return;
    }
    container.codes = new Set();
    await this.#settle(container, 'running', 'exited', ...(container.autoRemove ? (['gone'] as const) : []));
    const { behaviour } = container;
    if (container.possible.has('running') && behaviour.kind === 'finite') container.codes = new Set([behaviour.code]);
  }

  async #end(container: ModelContainer, action: string, codes: readonly number[]): Promise<void> {
    const before = container.allowed();
    const outcome = this.#observer.note(
      container,
      action,
      await this.#client.send('POST', `/containers/${container.id}/${action}`),
    );
    const wasUp = before.has('running') || before.has('paused');
    if (outcome.kind === 'refused')
      return await this.#refused(
        container,
        before,
        ['gone', 'created', 'exited', ...(container.behaviour.kind === 'restarting' ? (['running'] as const) : [])],
        action,
        outcome,
      );
    if (!wasUp) {
      if (outcome.status !== 304 && outcome.kind === 'ok')
        this.#observer.complain(container, `${action} was said to be done, but it did not run`);
      return await this.#observer.verify(container).then(() => {});
    }
    container.interrupted = true;
    const due = container.behaviour.kind === 'restarting' ? [3, 9, 143, 137] : [...codes, 137, ...container.codes];
    container.codes = new Set(due);
    if (outcome.kind === 'ok') container.possible = new Set(container.autoRemove ? ['gone', 'exited'] : ['exited']);
    else container.possible.add('exited');
    container.stopAsked ||= outcome.kind !== 'ok';
    if (outcome.status === 304 && before.has('created')) container.possible.add('created');
    await this.#observer.verify(container);
  }

  /** A refusal changes nothing, and must be what the container's place asks for. */
  async #refused(
    container: ModelContainer,
    before: ReadonlySet<Status>,
    when: readonly Status[],
    action: string,
    outcome: Outcome,
  ): Promise<void> {
    if (!when.some((status) => before.has(status)))
      this.#observer.complain(
        container,
        `${action} was refused (${outcome.status} ${outcome.text.trim()}), though it was ${[...before].join(' or ')}`,
      );
    await this.#observer.verify(container);
  }

  async #remove(container: ModelContainer, force: boolean): Promise<void> {
    const before = container.allowed();
    const outcome = this.#observer.note(
      container,
      `remove force=${force}`,
      await this.#client.send('DELETE', `/containers/${container.id}?force=${force ? 1 : 0}&v=1`),
    );
    if (outcome.kind === 'ok') {
      container.possible = new Set(['gone']);
      await this.#observer.verify(container);
      return;
    }
    if (outcome.kind === 'refused')
      return await this.#refused(
        container,
        before,
        force ? ['gone'] : ['gone', 'running', 'paused'],
        'remove',
        outcome,
      );
    container.interrupted = true;
    container.stopAsked = true;
    // Killed by the removal, or ended by itself before it came to that.
    if (container.codes.size > 0) container.codes = new Set([...container.codes, 137]);
    await this.#settle(
      container,
      'gone',
      ...(force && (before.has('running') || before.has('paused')) ? (['exited'] as const) : []),
    );
  }

  async #rename(container: ModelContainer): Promise<void> {
    this.#made += 1;
    const name = `w${this.#number}-${this.#made}r`;
    const before = container.allowed();
    const outcome = this.#observer.note(
      container,
      `rename to ${name}`,
      await this.#client.send('POST', `/containers/${container.id}/rename?name=${name}`),
    );
    if (outcome.kind === 'ok') container.names = new Set([name]);
    else if (outcome.kind === 'refused') return await this.#refused(container, before, ['gone'], 'rename', outcome);
    else container.names.add(name);
    await this.#observer.verify(container);
  }

  async #exec(container: ModelContainer): Promise<void> {
    const before = container.allowed();
    const word = `word${this.#random.int(0, 1e9)}`;
    const request = { Cmd: ['sh', '-c', `echo ${word}; exit 5`], AttachStdout: true, AttachStderr: true };
    const made = this.#observer.note(
      container,
      'exec create',
      await this.#client.send('POST', `/containers/${container.id}/exec`, request),
    );
    if (made.kind === 'refused')
      return await this.#refused(
        container,
        before,
        [
          'gone',
          'created',
          'exited',
          'paused',
          ...(container.behaviour.kind === 'restarting' ? (['running'] as const) : []),
        ],
        'exec',
        made,
      );
    if (made.kind !== 'ok') return;
    const { Id: id } = JSON.parse(made.text) as { Id: string };
    const outcome = this.#observer.note(
      container,
      'exec start',
      await this.#client.stream(`/exec/${id}/start`, { Detach: false, Tty: false }),
    );
    if (outcome.kind !== 'ok' || container.behaviour.kind === 'finite' || container.behaviour.kind === 'restarting')
      return;
    const after = await this.#client.send('GET', `/exec/${id}/json`);
    if (after.kind !== 'ok') return;
    const { ExitCode: code, Running: running } = JSON.parse(after.text) as {
      ExitCode: number | null;
      Running: boolean;
    };
    if (!running && code === 5 && !outcome.text.includes(word))
      this.#observer.complain(container, `an exec that ended with 5 lost its output: ${JSON.stringify(outcome.text)}`);
  }

  async #wait(container: ModelContainer): Promise<void> {
    const { behaviour } = container;
    if (behaviour.kind !== 'finite' || !container.possible.has('running') || container.possible.size > 1) return;
    const codes = [...container.codes];
    const outcome = this.#observer.note(
      container,
      'wait',
      await this.#client.send('POST', `/containers/${container.id}/wait`),
    );
    if (outcome.kind !== 'ok') return;
    const { StatusCode: code } = JSON.parse(outcome.text) as ContainerWaitResponse;
    if (codes.length > 0 && !codes.includes(code))
      this.#observer.complain(container, `wait said ${code}, but ${codes.join(' or ')} was due`);
    container.possible = new Set(container.autoRemove ? ['gone', 'exited'] : ['exited']);
    await this.#observer.verify(container);
  }

  async #pause(container: ModelContainer): Promise<void> {
    if (container.behaviour.kind !== 'sleeper' || !container.possible.has('running') || container.possible.size > 1)
      return;
    for (const [action, to] of [
      ['pause', 'paused'],
      ['unpause', 'running'],
    ] as const) {
      const outcome = this.#observer.note(
        container,
        action,
        await this.#client.send('POST', `/containers/${container.id}/${action}`),
      );
      if (outcome.kind === 'refused') this.#observer.complain(container, `${action} was refused: ${outcome.text}`);
      if (outcome.kind === 'ok') container.possible = new Set([to]);
      else container.possible.add(to);
      await this.#observer.verify(container);
      if (outcome.kind !== 'ok') return;
    }
  }

  /** The end: every container is where the client was told, can be started, stopped and removed. */
  async finish(): Promise<void> {
    for (const container of this.containers) {
      await this.#observer.verify(container);
      if (container.gone) continue;
      await this.#observer.checkLog(container);
      if (container.possible.has('paused')) await this.#mustDo(container, 'POST', 'unpause');
      await this.#mustDo(container, 'POST', 'stop?t=3');
      if (!container.autoRemove) {
        await this.#mustDo(container, 'POST', 'start');
        await this.#mustDo(container, 'POST', 'stop?t=3');
      }
      const outcome = await this.#client.certain('DELETE', `/containers/${container.id}?force=1&v=1`);
      if (outcome.kind !== 'ok' && outcome.status !== 404 && !(container.autoRemove && outcome.status === 409))
        this.#observer.complain(container, `cannot be removed: ${outcome.status} ${outcome.text}`);
    }
    await this.#things.finish();
  }

  async #mustDo(container: ModelContainer, method: string, action: string): Promise<void> {
    const outcome = this.#observer.note(
      container,
      action,
      await this.#client.certain(method, `/containers/${container.id}/${action}`),
    );
    const vanished = container.autoRemove && outcome.status === 404;
    if (outcome.kind !== 'ok' && !vanished)
      this.#observer.complain(container, `${action} fails at the end: ${outcome.status} ${outcome.text}`);
  }
}
