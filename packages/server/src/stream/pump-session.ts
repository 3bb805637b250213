import { isErrorCode, type Logger } from '@pouch/base';
import type { AttachSession } from '@pouch/engine';
import type { ByteChannel } from './byte-channel.ts';
import { encodeOutput } from './output-frames.ts';

export interface PumpOptions {
  /** Standard output and error in frames; else both as they are. */
  readonly multiplexed: boolean;
  /** Whether what the client sends is for the process. */
  readonly stdin: boolean;
  readonly logger: Logger;
}

/**
 * Connect a client with a process until the output ends, the client detaches or the connection drops; then close both.
 * Either side that is slow slows the other, and nobody else.
 */
export async function pumpSession(channel: ByteChannel, session: AttachSession, options: PumpOptions): Promise<void> {
  const dispose = (): void => {
    void disposeQuietly(session, options.logger);
  };
  channel.closed.addEventListener('abort', dispose, { once: true });
  if (channel.closed.aborted) dispose();
  void pumpInput(channel, session, options);
  try {
    for await (const chunk of session.output) {
      if (channel.closed.aborted) break;
      await channel.write(...encodeOutput(chunk, options.multiplexed));
    }
  } catch (error) {
    if (!channel.closed.aborted && !isErrorCode(error, 'cancelled')) {
      options.logger.warn('the output of an attached process broke off', { error });
    }
  } finally {
    channel.closed.removeEventListener('abort', dispose);
    await disposeQuietly(session, options.logger);
    await channel.end();
  }
}

async function pumpInput(channel: ByteChannel, session: AttachSession, options: PumpOptions): Promise<void> {
  let listening = options.stdin;
  try {
    for await (const chunk of channel.input) {
      // Input that nobody wants is still read, so that the client's end is seen.
      if (listening) listening = await accepts(session, chunk, options.logger);
    }
    if (listening) await session.endInput();
  } catch (error) {
    options.logger.debug('the input of an attached process broke off', { error });
  }
}

async function accepts(session: AttachSession, chunk: Uint8Array, logger: Logger): Promise<boolean> {
  try {
    await session.write(chunk);
    return true;
  } catch (error) {
    logger.debug('an attached process takes no more input', { error });
    return false;
  }
}

async function disposeQuietly(session: AttachSession, logger: Logger): Promise<void> {
  try {
    await session[Symbol.asyncDispose]();
  } catch (error) {
    logger.warn('an attached process could not be let go of', { error });
  }
}
