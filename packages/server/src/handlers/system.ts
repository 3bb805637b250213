import { PouchError } from '@pouch/base';
import type { DiskUsageType } from '@pouch/engine';
import { adaptEvent } from '../compat/events.ts';
import { adaptDiskUsage, adaptInfo } from '../compat/system-shapes.ts';
import type { Call } from '../http/call.ts';
import { JSON_SEQUENCE } from '../stream/json-stream.ts';
import type { Handlers } from './handler.ts';
import { defined, parseTimestamp } from './parameters.ts';

/** Media types in which events are told. */
const EVENT_TYPES: readonly string[] = ['application/jsonl', 'application/x-ndjson', JSON_SEQUENCE];
/** The first version that calls a stream of JSON by its name. */
const JSON_LINES = 52;
const DISK_USAGE_TYPES: readonly string[] = ['container', 'image', 'volume', 'build-cache'] satisfies DiskUsageType[];
/** Docker's, with those of the things that Pouch has not: they match nothing. */
const EVENT_FILTERS = new Set(
  'config container daemon event image label network node plugin scope secret service type volume'.split(' '),
);

export const systemHandlers: Handlers<
  'SystemPing' | 'SystemPingHead' | 'SystemVersion' | 'SystemInfo' | 'SystemEvents' | 'SystemDataUsage' | 'BuildCancel'
> = {
  async SystemPing({ call }, { buildKit }) {
    pong(call, 'OK', buildKit.available);
  },

  async SystemPingHead({ call }, { buildKit }) {
    pong(call, '', buildKit.available);
  },

  async SystemVersion({ call }, { system }) {
    call.sendJson(200, await system.version());
  },

  async SystemInfo({ call }, { system }) {
    call.sendJson(200, adaptInfo(await system.info()));
  },

  async SystemEvents({ call, query }, { events }) {
    const since = parseTimestamp(query.since, 'since');
    const until = parseTimestamp(query.until, 'until');
    if (since !== undefined && until !== undefined && until < since) {
      throw new PouchError(
        'invalid-argument',
        `\`since\` time (${query.since}) cannot be after \`until\` time (${query.until})`,
      );
    }
    checkEventFilters(query.filters ?? {});
    call.markEndless();
    const out = call.jsonStream();
    out.setMediaType(eventMediaType(call));
    // Subscribe first, then say so: a client that has the head misses nothing.
    const stream = events.stream(defined({ filters: query.filters, since, until }), call.signal);
    let next = stream.next();
    out.start();
    for (let result = await next; !result.done; result = await next) {
      const event = adaptEvent(result.value, call.version);
      if (event) await out.send(event);
      next = stream.next();
    }
    out.end();
  },

  async SystemDataUsage({ call, query }, { system }) {
    const types = query.type ?? [];
    const unknown = types.find((type) => !DISK_USAGE_TYPES.includes(type));
    if (unknown !== undefined) {
      throw new PouchError('invalid-argument', `unknown object type: ${unknown.slice(0, 64)}`);
    }
    const usage = await system.diskUsage(types as DiskUsageType[], call.signal);
    call.sendJson(200, adaptDiskUsage(usage, call.version, query.verbose ?? false));
  },

  async BuildCancel({ call, query }, { buildKit }) {
    buildKit.cancel(query.id);
    call.sendEmpty(200);
  },
};

/** `Builder-Version` tells clients which builder they should use: 1 is the classic one, 2 BuildKit. */
function pong(call: Call, text: string, hasBuildKit: boolean): void {
  const { response } = call;
  response.setHeader('Builder-Version', hasBuildKit ? '2' : '1');
  response.setHeader('Cache-Control', 'no-cache, no-store, must-revalidate');
  response.setHeader('Pragma', 'no-cache');
  response.setHeader('Swarm', 'inactive');
  call.sendText(200, text);
}

/** Docker's choice by `Accept`; else what its version has always called the stream. */
function eventMediaType(call: Call): string {
  const accepted = new Set((call.header('accept') ?? '').split(',').map((type) => type.split(';')[0]?.trim()));
  const chosen = [...accepted].find((type) => type !== undefined && EVENT_TYPES.includes(type));
  return chosen ?? (call.version < JSON_LINES ? 'application/json' : 'application/jsonl');
}

/** The stream has no place for an error behind its head, so this comes before. */
function checkEventFilters(filters: Readonly<Record<string, readonly string[]>>): void {
  const unknown = Object.keys(filters).find((name) => !EVENT_FILTERS.has(name));
  if (unknown !== undefined) throw new PouchError('invalid-argument', `invalid filter '${unknown.slice(0, 64)}'`);
}
