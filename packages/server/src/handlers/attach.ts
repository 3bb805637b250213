import { MULTIPLEXED_STREAM, type OperationQuery, RAW_STREAM } from '@pouch/api';
import { errorMessage } from '@pouch/base';
import type { AttachOptions, AttachSession } from '@pouch/engine';
import { SocketChannel } from '../stream/byte-channel.ts';
import { encodeOutput } from '../stream/output-frames.ts';
import { pumpSession } from '../stream/pump-session.ts';
import { WebSocketChannel } from '../stream/websocket-channel.ts';
import { MULTIPLEXED_SINCE } from './container-streams.ts';
import { buildKitHandlers } from './build-kit.ts';
import type { HijackHandler, HijackInput, HijackOperation } from './handler.ts';

/** The first version whose WebSocket carries the streams that the query names. */
const WEBSOCKET_CHOICE = 42;
/** The first version whose WebSocket messages are binary; before, they were text. */
const BINARY_MESSAGES = 28;

/** Connections that become the streams of a process. */
export const hijackHandlers: { readonly [O in HijackOperation]: HijackHandler<O> } = {
  ...buildKitHandlers,

  async ContainerAttach(input, { containers }) {
    const options = attachOptions(input.query);
    const session = await containers.attach(input.path.name, options);
    const multiplexed = !session.tty;
    const connection = input.hijack();
    const upgraded = connection.upgrade !== undefined;
    const channel = new SocketChannel(connection.accept(streamType(input, multiplexed, upgraded)));
    await pumpSession(channel, session, { multiplexed, stdin: options.stdin, logger: input.logger });
  },

  async ContainerAttachWebsocket(input, { containers }) {
    // Until API 1.41 the query does not choose among the streams.
    const all = input.version < WEBSOCKET_CHOICE && { stdin: true, stdout: true, stderr: true };
    const options = { ...attachOptions(input.query), ...all };
    const connection = input.hijack();
    WebSocketChannel.check(connection);
    const session = await containers.attach(input.path.name, options);
    const channel = WebSocketChannel.accept(connection, input.version >= BINARY_MESSAGES);
    // Docker sends both streams as they are: WebSocket messages have no place for a frame's header.
    await pumpSession(channel, session, { multiplexed: false, stdin: options.stdin, logger: input.logger });
  },

  async ExecStart(input, { containers }) {
    const { Detach: detach = false, Tty: tty = false, ConsoleSize: consoleSize } = input.body;
    const options = { detach, tty, ...(consoleSize && { consoleSize }) };
    if (detach) {
      await containers.execStart(input.path.id, options);
      await input.sendEmpty(200);
      return;
    }
    const multiplexed = !containers.execStartsWithTty(input.path.id, tty);
    // The head goes out before the process starts: some clients lose output that comes together with it.
    const connection = input.hijack();
    const upgraded = connection.upgrade !== undefined;
    const channel = new SocketChannel(connection.accept(streamType(input, multiplexed, upgraded)));
    let session: AttachSession | undefined;
    try {
      session = await containers.execStart(input.path.id, options);
    } catch (error) {
      await tellOnStream(channel, multiplexed, errorMessage(error));
      return;
    }
    if (session) await pumpSession(channel, session, { multiplexed, stdin: true, logger: input.logger });
  },
};

/** Docker's clients learn that a command could not be executed from its output, and its exit code from inspecting it. */
async function tellOnStream(channel: SocketChannel, multiplexed: boolean, message: string): Promise<void> {
  const data = Buffer.from(`${message}\r\n`);
  await channel.write(...encodeOutput({ stream: 'stdout', data }, multiplexed));
  await channel.end();
}

function streamType(input: HijackInput<HijackOperation>, multiplexed: boolean, upgraded: boolean): string {
  // Docker names the frames only to who asked for an upgrade.
  return multiplexed && upgraded && input.version >= MULTIPLEXED_SINCE ? MULTIPLEXED_STREAM : RAW_STREAM;
}

function attachOptions(query: OperationQuery<'ContainerAttach'>): AttachOptions {
  const options = {
    stdin: query.stdin ?? false,
    stdout: query.stdout ?? false,
    stderr: query.stderr ?? false,
    logs: query.logs ?? false,
    stream: query.stream ?? false,
  };
  return { ...options, ...(query.detachKeys !== undefined && { detachKeys: query.detachKeys }) };
}
