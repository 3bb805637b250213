import type { ContainerInspect } from '@pouch/api';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultClient } from './client.ts';
import { checkNumbered, splitStreams } from './log-check.ts';

const COUNT = 'i=0; while :; do i=$((i+1)); echo $i; echo $i >&2; [ $((i%20)) -ne 0 ] || sleep 0.1; done';
const COUNT_UNTIL_TERM = `trap "echo \\$i > /data/last; exit 0" TERM; ${COUNT}`;

interface Fixture {
  readonly name: string;
  readonly port?: number;
  startedAt: string;
  pid: number;
}

export interface FixtureReport {
  readonly problems: string[];
  readonly logLines: number;
  readonly polls: number;
  readonly pollFailures: number;
  readonly restarts: number;
}

/** Containers that nobody touches during the run: counters, servers with a published port, one that restarts, one with a health check. */
export class Fixtures {
  readonly #client: FaultClient;
  readonly #untouched: Fixture[] = [];
  readonly #firstPort: number;
  readonly #failures: string[] = [];
  #polls = 0;

  constructor(client: FaultClient, firstPort: number) {
    this.#client = client;
    this.#firstPort = firstPort;
  }

  async start(): Promise<void> {
    await this.#must('POST', '/networks/create', { Name: 'chaos-net' });
    await this.#must('POST', '/volumes/create', { Name: 'chaos-volume' });
    for (const index of [0, 1, 2]) {
      const HostConfig = index === 1 ? { Binds: ['chaos-volume:/data'], NetworkMode: 'chaos-net' } : {};
      const extra = index === 2 ? { Healthcheck: { Test: ['CMD', 'true'], Interval: 2e9 } } : {};
      await this.#run(`counter${index}`, index === 1 ? COUNT_UNTIL_TERM : COUNT, { ...extra, HostConfig });
    }
    for (const [index, network] of ['bridge', 'chaos-net'].entries()) {
      const port = this.#firstPort + index;
      const PortBindings = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] };
      await this.#run(
        `server${index}`,
        'httpd -f -p 80',
        { ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings, NetworkMode: network } },
        port,
      );
    }
    const HostConfig = { RestartPolicy: { Name: 'always' } };
    await this.#run('phoenix', 'sleep 10.5; exit 4', { HostConfig }, undefined, false);
  }

  async #run(name: string, command: string, extra: object, port?: number, untouched = true): Promise<void> {
    await this.#must('POST', `/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sh', '-c', command],
      ...extra,
    });
    await this.#must('POST', `/containers/${name}/start`);
    if (!untouched) return;
    const { State } = await this.#inspect(name);
    this.#untouched.push({ name, startedAt: State.StartedAt, pid: State.Pid, ...(port !== undefined && { port }) });
  }

  async #must(method: string, path: string, body?: object): Promise<string> {
    const outcome = await this.#client.certain(method, path, body);
    if (outcome.kind !== 'ok') throw new Error(`${method} ${path}: ${outcome.status} ${outcome.text}`);
    return outcome.text;
  }

  async #inspect(name: string): Promise<ContainerInspect> {
    return JSON.parse(await this.#must('GET', `/containers/${name}/json`)) as ContainerInspect;
  }

  /** Ask every published port again and again; each must answer every time, whatever dies. */
  async poll(stop: AbortSignal): Promise<void> {
    const ports = this.#untouched.flatMap(({ port }) => port ?? []);
    await sleep(500);
    while (!stop.aborted) {
      for (const port of ports) {
        this.#polls += 1;
        const problem = await answers(port);
        if (problem) this.#failures.push(`${new Date().toISOString()} port ${port}: ${problem}`);
      }
      await sleep(25);
    }
  }

  /** All as it was, nothing lost. */
  async check(): Promise<FixtureReport> {
    const problems = this.#failures.slice(0, 5).map((failure) => `a published port did not answer: ${failure}`);
    let logLines = 0;
    for (const { name, startedAt, pid } of this.#untouched) {
      const { State } = await this.#inspect(name);
      if (State.Status !== 'running' || State.StartedAt !== startedAt || State.Pid !== pid)
        problems.push(`${name} was disturbed: ${JSON.stringify(State)}, but it had process ${pid} since ${startedAt}`);
      if (name === 'counter2' && State.Health?.Status !== 'healthy')
        problems.push(`${name} is ${State.Health?.Status}`);
    }
    await this.#must('POST', '/containers/counter1/stop?t=5');
    for (const name of ['counter0', 'counter1', 'counter2']) {
      const lines = await this.#checkCounter(name, problems);
      logLines += lines;
      if (name === 'counter1') await this.#checkLast(lines, problems);
    }
    const restarts = await this.#checkPhoenix(problems);
    for (const [kind, path] of [
      ['network', '/networks/chaos-net'],
      ['volume', '/volumes/chaos-volume'],
    ] as const) {
      const outcome = await this.#client.certain('GET', path);
      if (outcome.kind !== 'ok') problems.push(`the ${kind} was forgotten: ${outcome.text}`);
    }
    return { problems, logLines, polls: this.#polls, pollFailures: this.#failures.length, restarts };
  }

  async #checkCounter(name: string, problems: string[]): Promise<number> {
    const outcome = await this.#client.certain('GET', `/containers/${name}/logs?stdout=1&stderr=1`);
    const { stdout, stderr } = splitStreams(Buffer.from(outcome.text, 'latin1'));
    const results = [checkNumbered(stdout, `${name} stdout`, 100), checkNumbered(stderr, `${name} stderr`, 100)];
    problems.push(...results.flatMap((result) => result.problems));
    return results.reduce((sum, { lines }) => sum + lines, 0);
  }

  /** What `counter1` wrote into its volume about itself: the number it had come to. */
  async #checkLast(lines: number, problems: string[]): Promise<void> {
    const { text } = await this.#client.certain('GET', '/containers/counter1/archive?path=/data/last');
    const last = Number(/^\d+\n/.exec(text.slice(512))?.[0]);
    // Two lines a number; the signal may have come before either was printed.
    if (!(lines === 2 * last || lines === 2 * last - 1 || lines === 2 * last - 2))
      problems.push(`counter1 printed up to ${last} on two streams, but its log has ${lines} lines`);
  }

  /** The policy goes on: it is up again and again. */
  async #checkPhoenix(problems: string[]): Promise<number> {
    const first = await this.#inspect('phoenix');
    for (let attempt = 0; attempt < 140; attempt += 1) {
      const next = await this.#inspect('phoenix');
      if (next.State.StartedAt !== first.State.StartedAt) return next.RestartCount;
      await sleep(500);
    }
    problems.push(`phoenix was not started again within 70 s: ${JSON.stringify(first.State)}`);
    return first.RestartCount;
  }

  async remove(): Promise<void> {
    for (const name of [...this.#untouched.map((fixture) => fixture.name), 'phoenix'])
      await this.#must('DELETE', `/containers/${name}?force=1&v=1`);
    await this.#must('DELETE', '/networks/chaos-net');
    await this.#must('DELETE', '/volumes/chaos-volume');
  }
}

/** Undefined when the server behind the port answered a request in time. */
async function answers(port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(5000, () => resolve('no answer in 5 s'));
  socket.on('error', (error) => resolve(error.message));
  socket.on('data', (data) => resolve(data.toString('latin1').startsWith('HTTP/1.') ? undefined : 'a strange answer'));
  socket.on('close', () => resolve('closed without an answer'));
  socket.write('GET / HTTP/1.0\r\n\r\n');
  const problem = await promise;
  socket.destroy();
  return problem;
}
