import { PouchError, parseDuration, parseTime } from '@pouch/base';
import type { Network } from './network.ts';
import type { NetworkFilters } from './network-manager.ts';

const LIST_KEYS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const PRUNE_KEYS = ['label', 'label!', 'until'];

/** Whether a network passes the filters of a list. `isUsed`: some container is in it. Throws `invalid-argument`. */
export function matchesList(network: Network, filters: NetworkFilters, isUsed: boolean): boolean {
  checkKeys(filters, LIST_KEYS);
  const any = (key: string, test: (value: string) => boolean): boolean => {
    const values = filters[key];
    return values === undefined || values.length === 0 || values.some(test);
  };
  return (
    any('driver', (value) => network.driver === value) &&
    any('id', (value) => network.id.startsWith(value)) &&
    any('name', (value) => network.name.includes(value)) &&
    any('scope', (value) => value === 'local') &&
    any('type', (value) => typeMatches(network, value)) &&
    any('dangling', (value) => danglingMatches(network, value, isUsed)) &&
    (filters['label'] ?? []).every((label) => hasLabel(network, label))
  );
}

/** Whether prune may remove an unused network. */
export function matchesPrune(network: Network, filters: NetworkFilters): boolean {
  checkKeys(filters, PRUNE_KEYS);
  if (!(filters['label'] ?? []).every((label) => hasLabel(network, label))) return false;
  if ((filters['label!'] ?? []).some((label) => hasLabel(network, label))) return false;
  const [until, ...more] = filters['until'] ?? [];
  if (more.length > 0) throw new PouchError('invalid-argument', "more than one 'until' filter specified");
  return until === undefined || (parseTime(network.created) ?? 0n) < momentOf(until);
}

function hasLabel(network: Network, text: string): boolean {
  const [key = '', value] = text.split(/=(.*)/s);
  const own = Object.hasOwn(network.labels, key) ? network.labels[key] : undefined;
  return own !== undefined && (value === undefined || own === value);
}

function typeMatches(network: Network, value: string): boolean {
  if (value !== 'custom' && value !== 'builtin') {
    throw new PouchError('invalid-argument', `invalid value for filter 'type': must be 'builtin' or 'custom'`);
  }
  return (network.predefined === true) === (value === 'builtin');
}

function danglingMatches(network: Network, value: string, isUsed: boolean): boolean {
  if (!/^(true|false|1|0)$/i.test(value)) {
    throw new PouchError('invalid-argument', `invalid filter 'dangling=${value}'`);
  }
  const wanted = /^(true|1)$/i.test(value);
  return (network.predefined !== true && !isUsed) === wanted;
}

/** A point in time: RFC 3339, seconds since the epoch, or how long ago. */
function momentOf(text: string): bigint {
  const time = parseTime(text);
  if (time !== undefined) return time;
  if (/^\d+$/.test(text)) return BigInt(text) * 1_000_000_000n;
  return BigInt(Math.round(Date.now() - parseDuration(text))) * 1_000_000n;
}

function checkKeys(filters: NetworkFilters, known: readonly string[]): void {
  const bad = Object.keys(filters).find((key) => !known.includes(key));
  if (bad !== undefined) throw new PouchError('invalid-argument', `invalid filter '${bad}'`);
}
