import { Agent, request } from 'node:http';
import { PouchError } from '@pouch/base';
import { interruption } from './interruption.ts';

/** An engine under measurement: a daemon of its own, a client program, and its API. */
export interface Peer extends AsyncDisposable {
  readonly name: string;
  /** Program and arguments that its client takes before the command. */
  readonly client: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly socket: string;
  /** Where everything of it is; command lines of its programs name it. */
  readonly directory: string;
  /** Process ids of the daemon and its containerd. */
  pids(): number[];
  /** End daemon and containerd, containers going on, and measure the milliseconds until new ones list so many as running. */
  restart(running?: number): Promise<number>;
  /** Run a program where the peer's network is. */
  wrap(command: readonly string[]): string[];
}

/** The two that are held against each other. */
export interface Peers {
  readonly pouch: Peer;
  readonly docker: Peer;
  /** Where Debian's lxc is unpacked, for the machines. */
  readonly lxc: string;
  /** Where the programs of Docker's engine are. */
  readonly programs: string;
  /** Where a registry keeps the image that is pulled. */
  readonly registry: string;
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
  const target = {
    socketPath: peer.socket,
    agent,
    method,
    path: `/v1.41${path}`,
    headers,
    signal: interruption.signal,
  };
  const message = request(target, (response) => {
    response.on('error', reject);
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
