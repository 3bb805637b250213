import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { ContainerCreateRequest, ContainerInspect, ExecInspect } from '@pouch/api';
import { exec, type ExecResult, PouchError, sleep } from '@pouch/base';
import { patience } from '../../harness/patience.ts';
import type { TestDaemon } from '../../harness/test-daemon.ts';

/** What `probe` gives once it gives something; it is asked again and again for at most `ms` milliseconds, on a fast host. */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  ms = 15_000,
): Promise<T> {
  const end = Date.now() + patience(ms);
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new PouchError('deadline-exceeded', `not within ${ms} ms: ${what}`);
    await sleep(25);
  }
}

export async function inspect(daemon: TestDaemon, name: string): Promise<ContainerInspect> {
  return (await daemon.ok('GET', `/containers/${name}/json`)).json as ContainerInspect;
}

/** Waits until the container's state is as asked. */
export async function untilStatus(daemon: TestDaemon, name: string, status: string): Promise<ContainerInspect> {
  return await eventually(`${name} is ${status}`, async () => {
    const found = await inspect(daemon, name);
    return found.State.Status === status && found;
  });
}

/** Create a container of busybox through the API; its id. */
export async function create(
  daemon: TestDaemon,
  command: readonly string[],
  config: Partial<ContainerCreateRequest> = {},
  name = '',
): Promise<string> {
  const body = { Image: 'busybox', Cmd: [...command], ...config };
  const answer = await daemon.ok('POST', `/containers/create${name && `?name=${name}`}`, body);
  return (answer.json as { Id: string }).Id;
}

/** As `create`, and start it. */
export async function start(
  daemon: TestDaemon,
  command: readonly string[],
  config: Partial<ContainerCreateRequest> = {},
  name = '',
): Promise<string> {
  const id = await create(daemon, command, config, name);
  await daemon.ok('POST', `/containers/${id}/start`);
  return id;
}

/** Takes them away, whatever they do. */
export async function remove(daemon: TestDaemon, ...names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => daemon.ok('DELETE', `/containers/${name}?force=1&v=1`)));
}

/** The exit code, once it has ended. */
export async function exitCode(daemon: TestDaemon, name: string): Promise<number> {
  const answer = await daemon.ok('POST', `/containers/${name}/wait`);
  return (answer.json as { StatusCode: number }).StatusCode;
}

/** The whole log, both streams. */
export async function logsOf(daemon: TestDaemon, name: string): Promise<string> {
  const { stdout, stderr } = await daemon.pouch(['logs', name]);
  return stdout + stderr;
}

/** Docker's own client against this daemon. */
export async function docker(
  daemon: TestDaemon,
  args: readonly string[],
  options: { input?: string; allowFailure?: boolean } = {},
): Promise<ExecResult> {
  const env = { DOCKER_HOST: `unix://${daemon.socket}`, HOME: daemon.directory };
  return await exec('/usr/local/bin/docker', args, { timeout: patience(60_000), ...options, env });
}

export async function execInspect(daemon: TestDaemon, id: string): Promise<ExecInspect> {
  return (await daemon.ok('GET', `/exec/${id}/json`)).json as ExecInspect;
}

/** A connection taken over for a process's streams: what came is collected, unless it is paused. */
export class StreamClient implements Disposable {
  readonly #socket: Socket;
  readonly #framed: boolean;
  #bytes = Buffer.alloc(0);
  stdout = '';
  stderr = '';
  /** Resolves when the daemon has closed the connection. */
  readonly ended: Promise<void>;

  private constructor(socket: Socket, head: Buffer, framed: boolean) {
    this.#socket = socket;
    this.#framed = framed;
    this.#take(head);
    socket.on('data', (data: Buffer) => this.#take(data));
    socket.on('error', () => {});
    this.ended = once(socket, 'close').then(() => {});
    socket.on('end', () => socket.end());
  }

  static async open(daemon: TestDaemon, path: string, body?: object): Promise<StreamClient> {
    const raw = body === undefined ? '' : JSON.stringify(body);
    const message = request({
      socketPath: daemon.socket,
      method: 'POST',
      path,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'tcp',
        'Content-Type': 'application/json',
        'Content-Length': raw.length,
      },
    });
    const { promise, resolve, reject } = Promise.withResolvers<StreamClient>();
    message.on('error', reject);
    message.on('upgrade', (response, socket: Socket, head: Buffer) => {
      const framed = response.headers['content-type'] === 'application/vnd.docker.multiplexed-stream';
      resolve(new StreamClient(socket, head, framed));
    });
    message.on('response', (response) => {
      reject(new PouchError('internal', `${path} was answered with ${response.statusCode}`));
      response.resume();
    });
    message.end(raw);
    return await promise;
  }

  #take(data: Buffer): void {
    if (!this.#framed) {
      this.stdout += data.toString('utf8');
      return;
    }
    this.#bytes = Buffer.concat([this.#bytes, data]);
    while (this.#bytes.length >= 8) {
      const size = this.#bytes.readUInt32BE(4);
      if (this.#bytes.length < 8 + size) return;
      const text = this.#bytes.toString('utf8', 8, 8 + size);
      if (this.#bytes[0] === 2) this.stderr += text;
      else this.stdout += text;
      this.#bytes = this.#bytes.subarray(8 + size);
    }
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  /** Close our side only. */
  end(): void {
    this.#socket.end();
  }

  /** Read nothing more, so that the daemon's side fills up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resolves once standard output holds the text. */
  async sees(text: string): Promise<void> {
    await eventually(
      `'${text}' in '${this.stdout.slice(-200)}'`,
      async () => await Promise.resolve(this.stdout.includes(text)),
    );
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
