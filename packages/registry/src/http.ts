import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getCACertificates } from 'node:tls';
import { errnoCode, PouchError } from '@pouch/base';

/** TLS as one host needs it. PEM text throughout. */
export interface TlsSettings {
  /** Trusted beside the system's authorities. */
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
  /** Accept any certificate: only for hosts listed as insecure. */
  readonly insecure?: boolean;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream is sent as it comes; give `content-length` in the headers where it is known. */
  readonly body?: Uint8Array | Readable;
  readonly tls?: TlsSettings;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without any sign of life, in either direction, until the response's head is there. */
  readonly timeout: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly url: URL;
  readonly body: IncomingMessage;
}

/** Milliseconds that an idle connection is kept. */
const KEEP_ALIVE = 30_000;
const MAX_SOCKETS_PER_HOST = 32;

/** Connections kept by TLS settings; redirects and statuses are the caller's to judge. */
export class HttpTransport implements Disposable {
  readonly #http = new HttpAgent(agentOptions());
  readonly #https = new Map<string, HttpsAgent>();

  [Symbol.dispose](): void {
    this.#http.destroy();
    for (const agent of this.#https.values()) agent.destroy();
    this.#https.clear();
  }

  /** Send one request. Rejects with the socket's error, an AbortError, or deadline-exceeded; never for a status. */
  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal?.throwIfAborted();
    const { url, method, body, signal } = request;
    const isTls = url.protocol === 'https:';
    const outgoing = (isTls ? httpsRequest : httpRequest)(url, {
      method,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      agent: isTls ? this.#secureAgent(request.tls ?? {}) : this.#http,
      ...(signal && { signal }),
    });
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
    });
    outgoing.setTimeout(request.timeout, () =>
      outgoing.destroy(new PouchError('deadline-exceeded', `${url.host} did not answer within ${request.timeout} ms`)),
    );
    outgoing.setNoDelay(true);
    const sending = isStream(body) ? pipeline(body, outgoing, { end: true }) : undefined;
    // A server may answer before it has read everything; the response decides then, not the broken pipe.
    sending?.catch((error: unknown) => {
      if (!outgoing.destroyed) outgoing.destroy(error as Error);
    });
    if (!isStream(body)) outgoing.end(body);
    const incoming = await response;
    // The body's reader watches for stalls by itself. An error after the last reader left must not end the process.
    outgoing.setTimeout(0);
    outgoing.on('error', () => {});
    incoming.on('error', () => {});
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, url, body: incoming };
  }

  #secureAgent(tls: TlsSettings): HttpsAgent {
    const key = JSON.stringify([tls.ca, tls.cert, tls.key, tls.insecure]);
    let agent = this.#https.get(key);
    if (!agent) {
      agent = new HttpsAgent({
        ...agentOptions(),
        rejectUnauthorized: tls.insecure !== true,
        ...(tls.ca && { ca: [...getCACertificates('default'), ...tls.ca] }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(tls.key !== undefined && { key: tls.key }),
      });
      this.#https.set(key, agent);
    }
    return agent;
  }
}

/** The whole body, of at most `limit` bytes. A body that stalls for `stall` milliseconds is given up. */
export async function readBody(response: HttpResponse, limit: number, stall = 30_000): Promise<Buffer> {
  const { body } = response;
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(
    () => body.destroy(new PouchError('deadline-exceeded', `${response.url.host} stopped sending`)),
    stall,
  );
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      timer.refresh();
      size += chunk.length;
      if (size > limit) throw new PouchError('too-large', `${response.url.host} sent more than ${limit} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

/** Free the connection of a response whose body does not matter: read a short rest, drop a long one. */
export async function discardBody(response: HttpResponse): Promise<void> {
  await readBody(response, 64 * 1024, 2_000).catch(() => response.body.destroy());
}

const NETWORK_ERRORS: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EPROTO',
  'HPE_INVALID_CONSTANT',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Whether the fault lies with the connection, so that another try or another server may do better. */
export function isNetworkError(error: unknown): boolean {
  if (error instanceof PouchError) return error.code === 'deadline-exceeded' || error.code === 'unavailable';
  const code = errnoCode(error) ?? '';
  if (error instanceof AggregateError) return error.errors.some(isNetworkError);
  return NETWORK_ERRORS.has(code) || code.startsWith('HPE_') || /aborted|socket hang up/.test(String(error));
}

function agentOptions(): { keepAlive: true; maxSockets: number; timeout: number; proxyEnv: NodeJS.ProcessEnv } {
  return { keepAlive: true, maxSockets: MAX_SOCKETS_PER_HOST, timeout: KEEP_ALIVE, proxyEnv: process.env };
}

function isStream(body: HttpRequest['body']): body is Readable {
  return body !== undefined && !(body instanceof Uint8Array);
}
