import type { Logger } from '@pouch/base';
import { hijackHandlers } from '../handlers/attach.ts';
import type { HijackHandler, HijackInput, HijackOperation } from '../handlers/handler.ts';
import type { Call } from '../http/call.ts';
import { HijackedConnection } from '../http/hijack.ts';
import type { ServerDependencies } from '../server-dependencies.ts';

/** A request that may take its connection over: upgraded already, or still plain HTTP. */
export class HijackExchange {
  readonly version: number;
  readonly logger: Logger;
  readonly #take: () => HijackedConnection;
  readonly #sendEmpty: (status: number) => Promise<void>;
  #taken = false;

  private constructor(
    version: number,
    logger: Logger,
    take: () => HijackedConnection,
    sendEmpty: (status: number) => Promise<void>,
  ) {
    this.version = version;
    this.logger = logger;
    this.#take = take;
    this.#sendEmpty = sendEmpty;
  }

  static upgraded(
    connection: HijackedConnection,
    version: number,
    logger: Logger,
    headers: Readonly<Record<string, string>>,
  ): HijackExchange {
    return new HijackExchange(
      version,
      logger,
      () => connection,
      (status) => connection.answer(status, '', headers),
    );
  }

  static plain(call: Call, onTake: (connection: HijackedConnection) => void): HijackExchange {
    let taken: HijackedConnection | undefined;
    return new HijackExchange(
      call.version,
      call.logger,
      () => {
        if (!taken) {
          taken = HijackedConnection.fromRequest(call.request, call.response);
          call.markHijacked();
          onTake(taken);
        }
        return taken;
      },
      async (status) => call.sendEmpty(status),
    );
  }

  /** The handler has the connection. */
  get taken(): boolean {
    return this.#taken;
  }

  hijack(): HijackedConnection {
    this.#taken = true;
    return this.#take();
  }

  async sendEmpty(status: number): Promise<void> {
    await this.#sendEmpty(status);
  }
}

export interface DecodedInput {
  readonly path: object;
  readonly query: object;
  readonly body: unknown;
}

/** Run the handler to the end of the connection. */
export async function runHijack(
  operation: HijackOperation,
  decoded: DecodedInput,
  exchange: HijackExchange,
  services: ServerDependencies,
): Promise<void> {
  const input = {
    ...decoded,
    version: exchange.version,
    logger: exchange.logger,
    hijack: () => exchange.hijack(),
    sendEmpty: (status: number) => exchange.sendEmpty(status),
  } as HijackInput<HijackOperation>;
  await (hijackHandlers[operation] as HijackHandler<HijackOperation>)(input, services);
}
