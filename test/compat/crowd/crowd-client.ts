import { Agent, request } from 'node:http';
import { PouchError, sleep } from '@pouch/base';

/** What one user of an engine does over and over; every answer is checked. */
export class CrowdClient implements Disposable {
  readonly #name: string;
  readonly #socket: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** Milliseconds of each inspect. */
  readonly inspects: number[] = [];
  rounds = 0;
  #begun = 0;

  constructor(options: { readonly name: string; readonly socket: string }) {
    this.#name = options.name;
    this.#socket = options.socket;
  }

  /** Run, look, exec, read the log, remove. */
  async round(): Promise<void> {
    this.#begun += 1;
    const name = `${this.#name}-${this.#begun}`;
    const word = `said-by-${name}`;
    const { Id: id } = await this.#json('POST', `/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sh', '-c', `echo ${word}; exec sleep 600`],
      Labels: { crowd: this.#name },
    });
    await this.#call('POST', `/containers/${String(id)}/start`);
    await this.#inspect(name, 'running');
    const exec = await this.#json('POST', `/containers/${name}/exec`, {
      Cmd: ['sh', '-c', `echo exec-${word}; exit 3`],
      AttachStdout: true,
    });
    const said = await this.#call('POST', `/exec/${String(exec.Id)}/start`, { Detach: false, Tty: false });
    expect(said.includes(`exec-${word}`), `the exec said ${JSON.stringify(said)}`);
    const ended = await this.#json('GET', `/exec/${String(exec.Id)}/json`);
    expect(ended.ExitCode === 3, `the exec ended with ${String(ended.ExitCode)}`);
    await this.#logged(name, word);
    await this.#inspect(name, 'running');
    await this.#call('POST', `/containers/${name}/kill`);
    const waited = await this.#json('POST', `/containers/${name}/wait`);
    expect(waited.StatusCode === 137, `it ended with ${String(waited.StatusCode)}`);
    await this.#inspect(name, 'exited');
    await this.#call('DELETE', `/containers/${name}?v=1`);
    this.rounds += 1;
  }

  /** The exec may have been quicker than the container's own first word. */
  async #logged(name: string, word: string): Promise<void> {
    let log = '';
    for (let attempt = 0; attempt < 50; attempt += 1) {
      log = await this.#call('GET', `/containers/${name}/logs?stdout=1&stderr=1`);
      if (log.includes(word)) return;
      await sleep(200);
    }
    throw new PouchError('upstream', `the log says ${JSON.stringify(log)} for 10 s`);
  }

  async #inspect(name: string, status: string): Promise<void> {
    const begin = performance.now();
    const { State } = await this.#json('GET', `/containers/${name}/json`);
    this.inspects.push(performance.now() - begin);
    const state = State as { Status?: string };
    expect(state.Status === status, `${name} is ${String(state.Status)}, not ${status}`);
  }

  async #json(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    return JSON.parse(await this.#call(method, path, body)) as Record<string, unknown>;
  }

  async #call(method: string, path: string, body?: object): Promise<string> {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const target = { socketPath: this.#socket, agent: this.#agent, method, path: `/v1.44${path}`, headers };
    const message = request(target, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString('latin1');
        if ((response.statusCode ?? 500) < 400) resolve(answer);
        else reject(new PouchError('upstream', `${method} ${path}: ${response.statusCode} ${answer.trim()}`));
      });
    });
    message.on('error', reject);
    message.end(text);
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new PouchError('upstream', otherwise);
}
