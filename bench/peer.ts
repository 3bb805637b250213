import { request } from 'node:http';
import { Agent } from 'node:http';
import { PouchError } from '@pouch/base';

/** An engine under measurement: a daemon of its own, a client program, and its API. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Program and arguments that its client takes before the command. */
  readonly client: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly socket: string;
  /** Process ids of the daemon and its containerd. */
  pids(): number[];
  /** End the daemon, containers going on, and measure the milliseconds until a new one answers. */
  restart(): Promise<number>;
  /** Host and port under which the registry is reached. */
  readonly registry: string;
  /** Run a program where the peer's network is. */
  wrap(command: readonly string[]): string[];
}

const agents = new Map<string, Agent>();

/** One call of the API over a kept connection; the body as JSON where there is one. */
export async function call(peer: Pick<Peer, 'socket'>, method: string, path: string, body?: object): Promise<unknown> {
  let agent = agents.get(peer.socket);
  if (!agent) agents.set(peer.socket, (agent = new Agent({ keepAlive: true })));
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers =
    text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const message = request({ socketPath: peer.socket, agent, method, path: `/v1.47${path}`, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const answer = Buffer.concat(chunks).toString();
      if ((response.statusCode ?? 500) >= 400) reject(new PouchError('upstream', `${method} ${path}: ${answer}`));
      else resolve(/^[[{]/.test(answer) && !answer.includes('}\r\n{') ? JSON.parse(answer) : answer);
    });
  });
  message.on('error', reject);
  message.end(text);
  return await promise;
}

export function closeConnections(socket: string): void {
  agents.get(socket)?.destroy();
  agents.delete(socket);
}
