import { randomBytes } from 'node:crypto';
import { head } from './raw-request.ts';

/** Bytes that are no proper request, and how the answer starts; `closed` when the connection must end with it. */
export interface WireCase {
  readonly name: string;
  readonly bytes: Buffer | string;
  readonly answer: RegExp;
  readonly closed: boolean;
}

const JSON_TYPE = 'Content-Type: application/json';
const POST = 'POST /volumes/create HTTP/1.1';
const BAD = /^HTTP\/1\.1 400 [\s\S]*\{"message":".{10,}"\}/;

function bad(name: string, bytes: Buffer | string, answer = BAD): WireCase {
  return { name, bytes, answer, closed: true };
}

const SMUGGLED = 'DELETE /containers/victim?force=1 HTTP/1.1\r\nHost: x\r\n\r\n';
const ATTACH_WS = 'GET /containers/victim/attach/ws?stream=1&stdin=1&stdout=1 HTTP/1.1';

export const WIRE_CASES: readonly WireCase[] = [
  bad(
    'Content-Length and chunked',
    head(POST, 'Host: x', JSON_TYPE, 'Content-Length: 4', 'Transfer-Encoding: chunked') + `0\r\n\r\n${SMUGGLED}`,
  ),
  bad(
    'chunked and Content-Length',
    head(POST, 'Host: x', JSON_TYPE, 'Transfer-Encoding: chunked', 'Content-Length: 4') + `0\r\n\r\n${SMUGGLED}`,
  ),
  bad('two lengths', head(POST, 'Host: x', JSON_TYPE, 'Content-Length: 2', 'Content-Length: 60') + `{}${SMUGGLED}`),
  bad('a length below 0', head(POST, 'Host: x', JSON_TYPE, 'Content-Length: -1') + SMUGGLED),
  bad('a length with a plus sign', head(POST, 'Host: x', JSON_TYPE, 'Content-Length: +2') + `{}${SMUGGLED}`),
  bad('a length beyond 64 bits', head(POST, 'Host: x', JSON_TYPE, 'Content-Length: 99999999999999999999') + '{}'),
  bad(
    'an unknown transfer coding',
    head(POST, 'Host: x', JSON_TYPE, 'Transfer-Encoding: xchunked') + `0\r\n\r\n${SMUGGLED}`,
  ),
  bad(
    'chunked before another coding',
    head(POST, 'Host: x', JSON_TYPE, 'Transfer-Encoding: chunked, identity') + `0\r\n\r\n${SMUGGLED}`,
  ),
  bad('a space before the colon', head(POST, 'Host: x', 'Transfer-Encoding : chunked') + `0\r\n\r\n${SMUGGLED}`),
  bad('a folded header', head('GET /_ping HTTP/1.1', 'Host: x', 'X-A: b', ' Transfer-Encoding: chunked')),
  bad('lines that end in LF alone', 'GET /_ping HTTP/1.1\nHost: x\n\n'),
  bad('CR in a header', head('GET /_ping HTTP/1.1', 'Host: x', 'X-A: b\rX-B: c')),
  bad('NUL in a header', head('GET /_ping HTTP/1.1', 'Host: x', 'X-A: b\0c')),
  bad('NUL in the path', head('GET /_ping\0 HTTP/1.1', 'Host: x')),
  bad(
    'a chunk size that is none',
    head(POST, 'Host: x', JSON_TYPE, 'Transfer-Encoding: chunked') + 'zz\r\n{}\r\n0\r\n\r\n',
  ),
  bad(
    'a chunk size beyond 64 bits',
    head(POST, 'Host: x', JSON_TYPE, 'Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n{}\r\n0\r\n\r\n',
  ),
  bad(
    'a chunk longer than it says',
    head(POST, 'Host: x', JSON_TYPE, 'Transfer-Encoding: chunked') + `1\r\n{}${SMUGGLED}`,
  ),
  bad('an unknown method', head('STEAL /containers/json HTTP/1.1', 'Host: x')),
  bad('HTTP/3.7', head('GET /_ping HTTP/3.7', 'Host: x')),
  bad('HTTP/2 from the start', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  bad('a TLS handshake', Buffer.from('16030100c8010000c40303', 'hex')),
  bad('no HTTP at all', 'EHLO pouch\r\n'),
  bad('random bytes', Buffer.concat([Buffer.from([0]), randomBytes(65_536)])),
  bad(
    '6,000 headers',
    head(
      'GET /_ping HTTP/1.1',
      'Host: x',
      ...Array.from({ length: 6_000 }, (_, index) => `X-Flood-${index}: 0123456789`),
    ),
    /^HTTP\/1\.1 431 [\s\S]*larger than \d+ bytes/,
  ),
  bad(
    'a header of 150 kB',
    head('GET /_ping HTTP/1.1', 'Host: x', `X-Flood: ${'x'.repeat(150_000)}`),
    /^HTTP\/1\.1 431 /,
  ),
  bad('a URL of 150 kB', head(`GET /${'x'.repeat(150_000)} HTTP/1.1`, 'Host: x'), /^HTTP\/1\.1 431 /),
  bad(
    'a WebSocket without a key',
    head(ATTACH_WS, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
  ),
  bad(
    'a WebSocket with a short key',
    head(
      ATTACH_WS,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAA',
    ),
  ),
  bad(
    'a WebSocket of version 8',
    head(
      ATTACH_WS,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 8',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
  ),
  bad(
    'an upgrade of what has none',
    head('GET /version HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: tcp'),
    /^HTTP\/1\.1 404 [\s\S]*page not found/,
  ),
  bad(
    'an upgrade of a deletion',
    head('DELETE /containers/victim HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'),
    /^HTTP\/1\.1 404 /,
  ),
  bad(
    'an upgrade with a chunked body',
    head(
      'POST /exec/x/start HTTP/1.1',
      'Host: x',
      JSON_TYPE,
      'Connection: Upgrade',
      'Upgrade: tcp',
      'Transfer-Encoding: chunked',
    ) + '2\r\n{}\r\n0\r\n\r\n',
  ),
  bad(
    'an upgrade with an enormous body',
    head(
      'POST /exec/x/start HTTP/1.1',
      'Host: x',
      JSON_TYPE,
      'Connection: Upgrade',
      'Upgrade: tcp',
      'Content-Length: 999999999',
    ),
    /^HTTP\/1\.1 413 /,
  ),
  bad(
    'an upgrade to attach to nobody',
    head('POST /containers/nosuch/attach?stream=1 HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: tcp'),
    /^HTTP\/1\.1 404 [\s\S]*[Nn]o such container/,
  ),
  {
    name: 'an upgrade to what nobody speaks',
    bytes: head('GET /_ping HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: gopher'),
    answer: /^HTTP\/1\.1 200 /,
    closed: false,
  },
  { name: 'an attach without a WebSocket handshake', bytes: head(ATTACH_WS, 'Host: x'), answer: BAD, closed: false },
];
