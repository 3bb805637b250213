import { connect, type Socket } from 'node:net';
import type { ServerChannel, Session } from 'ssh2';
import { FRAME, type Frame, FrameReader, frame, type SessionRequest } from '../wire.ts';

export interface SessionOptions {
  readonly container: string;
  readonly user: string;
  /** The daemon's socket for sessions. */
  readonly socket: string;
}

/** Variables of a client's that may not decide what runs. */
const FORBIDDEN = /^(LD_|PATH$|HOME$|SHELL$|USER$|LOGNAME$|ENV$|BASH_ENV$)/;
const MOST_VARIABLES = 100;

/** One session channel of a client's (RFC 4254, section 6): it becomes an exec in the container. */
export function serveSession(session: Session, options: SessionOptions): void {
  const env: string[] = [];
  let pty: SessionRequest['pty'];
  let peer: Socket | undefined;
  const run = (channel: ServerChannel, what: Pick<SessionRequest, 'command' | 'subsystem'>): void => {
    const request = { container: options.container, user: options.user, env, ...what, ...(pty && { pty }) };
    peer = pump(channel, options.socket, request);
  };
  session.on('env', (accept, reject, { key, val }) => {
    if (FORBIDDEN.test(key) || key.includes('=') || env.length >= MOST_VARIABLES) return reject?.();
    env.push(`${key}=${val}`);
    accept?.();
  });
  session.on('pty', (accept, _reject, info) => {
    const term = 'term' in info && typeof info.term === 'string' ? info.term : 'xterm';
    pty = { term, height: info.rows, width: info.cols };
    accept?.();
  });
  session.on('window-change', (accept, _reject, { rows, cols }) => {
    peer?.write(frame(FRAME.resize, JSON.stringify({ height: rows, width: cols })));
    accept?.();
  });
  session.on('signal', (accept, _reject, { name }) => {
    peer?.write(frame(FRAME.signal, name));
    accept?.();
  });
  session.on('shell', (accept) => run(accept(), {}));
  session.on('exec', (accept, _reject, { command }) => run(accept(), { command }));
  session.on('subsystem', (accept, reject, { name }) => {
    if (name === 'sftp') run(accept() as ServerChannel, { subsystem: 'sftp' });
    else reject();
  });
}

function pump(channel: ServerChannel, path: string, request: SessionRequest): Socket {
  const peer = connect({ path, allowHalfOpen: true });
  const reader = new FrameReader();
  let ended = false;
  const finish = (code: number): void => {
    if (ended) return;
    ended = true;
    channel.exit(code);
    channel.end();
    peer.destroy();
  };
  const take = ({ kind, data }: Frame): void => {
    const target = kind === FRAME.stdout ? channel : kind === FRAME.stderr ? channel.stderr : undefined;
    if (target && !target.write(data)) {
      // A client that reads slowly holds its own process back.
      peer.pause();
      target.once('drain', () => peer.resume());
    }
    if (kind === FRAME.exit) finish(data.readUInt8(0));
    if (kind === FRAME.failed) {
      channel.stderr.write(`${data.toString('utf8')}\r\n`);
      finish(254);
    }
  };
  peer.write(frame(FRAME.open, JSON.stringify(request)));
  peer.on('data', (chunk: Buffer) => {
    for (const each of reader.push(chunk)) take(each);
  });
  peer.on('error', () => {});
  peer.once('close', () => {
    if (!ended) channel.stderr.write('the container engine went away\r\n');
    finish(255);
  });
  channel.on('data', (chunk: Buffer) => {
    if (!peer.write(frame(FRAME.input, chunk))) {
      channel.pause();
      peer.once('drain', () => channel.resume());
    }
  });
  channel.once('end', () => peer.write(frame(FRAME.inputEnd)));
  channel.once('close', () => {
    ended = true;
    peer.destroy();
  });
  channel.on('error', () => {});
  return peer;
}
