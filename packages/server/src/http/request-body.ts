import type { IncomingMessage } from 'node:http';
import { PouchError } from '@pouch/base';

/** Bytes of a JSON body at most. */
export const JSON_LIMIT = 4 * 1024 * 1024;
/** Milliseconds in which a JSON body must have arrived. Streamed bodies have no deadline. */
export const BODY_DEADLINE = 30_000;

export interface BodyLimits {
  readonly bytes?: number;
  readonly milliseconds?: number;
}

/** The client is too slow, which is no fault of the server: 408 instead of 504. */
export class SlowBodyError extends PouchError {
  constructor() {
    super('deadline-exceeded', 'the request body did not arrive in time; send it faster, or on a better connection');
  }

  override get httpStatus(): number {
    return 408;
  }
}

/** True when the request says that it carries a body. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Throws unless the body is said to be JSON, in Docker's words. */
export function checkJsonContentType(request: IncomingMessage): void {
  const header = request.headers['content-type'] ?? '';
  const type = (header.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'application/json') return;
  const shown = JSON.stringify(header.slice(0, 128)).slice(1, -1);
  throw new PouchError(
    'invalid-argument',
    type === ''
      ? "missing Content-Type header: must be 'application/json'"
      : `unsupported Content-Type header (${shown}): must be 'application/json'`,
  );
}

/** The whole body. Throws `too-large`, `deadline-exceeded` for one that trickles, `cancelled` when the client goes. */
export async function readBody(request: IncomingMessage, limits: BodyLimits = {}): Promise<Buffer> {
  const bytes = limits.bytes ?? JSON_LIMIT;
  if (Number(request.headers['content-length'] ?? 0) > bytes) throw tooLarge(bytes);
  const chunks: Buffer[] = [];
  let size = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => reject(new SlowBodyError()), limits.milliseconds ?? BODY_DEADLINE);
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > bytes) reject(tooLarge(bytes));
    else chunks.push(chunk);
  };
  const onEnd = (): void => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  const onGone = (): void => reject(new PouchError('cancelled', 'the client closed the connection'));
  request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.off('data', onData).off('end', onEnd).off('close', onGone);
    request.pause();
  }
}

/** The JSON value in `text`. Throws `invalid-argument` in Docker's words. */
export function parseJson(text: Buffer): unknown {
  if (text.length === 0) throw new PouchError('invalid-argument', 'invalid JSON: got EOF while reading request body');
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(text);
  } catch {
    throw new PouchError('invalid-argument', 'invalid JSON: the request body is not UTF-8');
  }
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new PouchError('invalid-argument', `invalid JSON: ${error instanceof Error ? error.message : 'not JSON'}`);
  }
}

/**
 * The body as it arrives, with backpressure. Leaving the loop early keeps the connection, so that an answer can still be
 * sent. Throws `cancelled` when the client goes before the end.
 */
export async function* streamBody(request: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
  } catch (error) {
    if (!request.complete) {
      throw new PouchError('cancelled', 'the client closed the connection before the body was whole', { cause: error });
    }
    throw error;
  }
}

function tooLarge(limit: number): PouchError {
  return new PouchError('too-large', `the request body is larger than the ${limit} bytes allowed`);
}
