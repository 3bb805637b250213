import { PouchError } from '@pouch/base';
import type { DiskUsageType } from '@pouch/engine';
import { adaptDiskUsage, adaptInfo } from '../compat/system-shapes.ts';
import type { Call } from '../http/call.ts';
import type { Handlers } from './handler.ts';
import { defined, parseTimestamp } from './parameters.ts';

const DISK_USAGE_TYPES: readonly string[] = ['container', 'image', 'volume', 'build-cache'] satisfies DiskUsageType[];
/** Docker's, with those of the things that Pouch has not: they match nothing. */
const EVENT_FILTERS = new Set(
  'config container daemon event image label network node plugin scope secret service type volume'.split(' '),
);

export const systemHandlers: Handlers<
  | 'SystemPing'
  | 'SystemPingHead'
  | 'SystemVersion'
  | 'SystemInfo'
  | 'SystemEvents'
  | 'SystemDataUsage'
  | 'BuildPrune'
  | 'BuildCancel'
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
    const info = await system.info();
    call.sendJson(200, call.newest ? info : adaptInfo(info, call.version));
  },

  async SystemEvents({ call, query }, { events }) {
    const since = parseTimestamp(query.since, 'since');
    const until = parseTimestamp(query.until, 'until');
    if (since !== undefined && until !== undefined && until < since) {
      throw new PouchError('invalid-argument', `the time of 'until' comes before that of 'since'`);
    }
    checkEventFilters(query.filters ?? {});
    call.markEndless();
    const out = call.jsonStream();
    // Subscribe first, then say so: a client that has the head misses nothing.
    const stream = events.stream(defined({ filters: query.filters, since, until }), call.signal);
    let next = stream.next();
    out.start();
    for (let result = await next; !result.done; result = await next) {
      await out.send(result.value);
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
    call.sendJson(200, adaptDiskUsage(await system.diskUsage(types as DiskUsageType[], call.signal), call.version));
  },

  async BuildCancel({ call, query }, { buildKit }) {
    buildKit.cancel(query.id);
    call.sendEmpty(200);
  },

  /** Where there is no BuildKit there is no build cache, and nothing to remove. */
  async BuildPrune({ call, query }, { buildKit }) {
    if (!buildKit.available) return call.sendJson(200, { CachesDeleted: null, SpaceReclaimed: 0 });
    const request = {
      all: query.all ?? false,
      reservedSpace: query['reserved-space'] ?? query['keep-storage'],
      maxUsedSpace: query['max-used-space'],
      minFreeSpace: query['min-free-space'],
      filters: query.filters ?? {},
    };
    call.sendJson(200, await buildKit.prune(request, call.signal));
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

/** The stream has no place for an error behind its head, so this comes before. */
function checkEventFilters(filters: Readonly<Record<string, readonly string[]>>): void {
  const unknown = Object.keys(filters).find((name) => !EVENT_FILTERS.has(name));
  if (unknown !== undefined) throw new PouchError('invalid-argument', `invalid filter '${unknown.slice(0, 64)}'`);
}
