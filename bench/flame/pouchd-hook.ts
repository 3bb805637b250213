/**
 * Loaded into a measured pouchd with `node --import`: writes down when it answered requests and called containerd, and with
 * POUCH_BENCH_PROFILE also where its processor time went. Times are CLOCK_MONOTONIC in milliseconds, as the kernel's are.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';

const spansFile = process.env.POUCH_BENCH_SPANS;
const profileFile = process.env.POUCH_BENCH_PROFILE;

if (isMainThread && spansFile) recordSpans(spansFile);
if (isMainThread && profileFile) recordProfile(profileFile);

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function recordSpans(file: string): void {
  const begun = new WeakMap<object, { readonly name: string; readonly begin: number }>();
  let lines = '';
  const begin = (key: object, name: string): void => void begun.set(key, { name, begin: now() });
  const end = (key: object): void => {
    const span = begun.get(key);
    if (!span) return;
    begun.delete(key);
    if (lines === '') setTimeout(flush, 100).unref();
    lines += `${JSON.stringify({ ...span, end: now() })}\n`;
  };
  const flush = (): void => {
    appendFileSync(file, lines);
    lines = '';
  };
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: IncomingMessage };
    const path = (request.url ?? '').replace(/\?.*/, '').replace(/^\/v[\d.]+/, '');
    begin(request, `API ${request.method} ${path.replace(/[0-9a-f]{64}/, 'ID')}`);
  });
  subscribe('http.server.response.finish', (message) => end((message as { request: object }).request));
  subscribe('http2.client.stream.start', (message) => {
    const { stream, headers } = message as { stream: object; headers: Readonly<Record<string, string>> };
    begin(stream, `containerd ${(headers[':path'] ?? '').replace(/^\/containerd\.services\.(\w+)\.v\d\./, '')}`);
  });
  subscribe('http2.client.stream.close', (message) => end((message as { stream: object }).stream));
}

function recordProfile(file: string): void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 200 });
  session.post('Profiler.start');
  process.on('exit', () => {
    session.post('Profiler.stop', (error, result) => {
      if (!error) writeFileSync(file, JSON.stringify(result.profile));
    });
  });
}
