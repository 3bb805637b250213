import type { BuildKitService } from '@pouch/engine';
import type { HijackHandler, HijackInput } from './handler.ts';

const PROTOCOL = 'h2c';

/** Connections that become BuildKit's. */
export const buildKitHandlers: {
  readonly Session: HijackHandler<'Session'>;
  readonly BuildKit: HijackHandler<'BuildKit'>;
} = {
  async Session(input, { buildKit }) {
    const connection = await upgrade(input, buildKit);
    if (connection) await buildKit.session(connection.socket, connection.request.rawHeaders);
  },

  async BuildKit(input, { buildKit }) {
    const connection = await upgrade(input, buildKit);
    if (connection) await buildKit.grpc(connection.socket);
  },
};

/** The connection after the 101; undefined when the client asked for none. What is missing is said before it, as plain HTTP. */
async function upgrade(
  input: HijackInput<'Session' | 'BuildKit'>,
  buildKit: BuildKitService,
): Promise<ReturnType<HijackInput<'Session'>['hijack']> | undefined> {
  await buildKit.ready();
  const connection = input.hijack();
  if (connection.upgrade !== PROTOCOL) {
    const message = `this endpoint expects 'Upgrade: ${PROTOCOL}', as Docker's clients send it`;
    await connection.answer(400, `${JSON.stringify({ message })}\n`);
    return undefined;
  }
  connection.acceptRaw(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${PROTOCOL}\r\n\r\n`);
  return connection;
}
