import type { Framing, Message, MessageHead } from './http-messages.ts';

/** A request and its answer, as they went by. */
export interface Exchange {
  readonly method: string;
  /** Path and query as the client sent them. */
  readonly url: string;
  readonly requestHeaders: ReadonlyMap<string, string>;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The body is not all of it: it was too long, or the client left before its end. */
  readonly partial: boolean;
}

export function parseRequestLine(head: MessageHead): { readonly method: string; readonly url: string } {
  const [method = '', url = ''] = head.start.split(' ');
  return { method, url };
}

export function statusOf(head: MessageHead): number {
  return Number(head.start.split(' ')[1]);
}

/** How the body of a request is framed (RFC 9112, section 6.3). */
export function frameRequest(head: MessageHead): Framing {
  if (isChunked(head)) return { kind: 'chunked' };
  return { kind: 'length', length: Number(head.headers.get('content-length') ?? 0) };
}

/** How the body of an answer is framed: by its head, and by what was asked. */
export function frameResponse(head: MessageHead, method: string, url: string): Framing {
  const status = statusOf(head);
  if (status === 101) return { kind: 'raw' };
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return { kind: 'length', length: 0 };
  if (isChunked(head)) return { kind: 'chunked' };
  const length = head.headers.get('content-length');
  if (length !== undefined) return { kind: 'length', length: Number(length) };
  // A connection that is taken over without an upgrade.
  return status === 200 && /\/(attach|start)(\?|$)/.test(url) ? { kind: 'raw' } : { kind: 'close' };
}

function isChunked(head: MessageHead): boolean {
  return /\bchunked\b/i.test(head.headers.get('transfer-encoding') ?? '');
}

export function exchangeOf(request: MessageHead, answer: MessageHead, body: Buffer, partial: boolean): Exchange {
  const { method, url } = parseRequestLine(request);
  const { headers } = answer;
  return { method, url, requestHeaders: request.headers, status: statusOf(answer), headers, body, partial };
}

export type { Message };
