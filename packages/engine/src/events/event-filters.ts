import type { EventMessage } from '@pouch/api';
import { PouchError } from '@pouch/base';

/** Filters as Docker's API gives them: a name and the values any of which may match. */
export type EventFilters = Readonly<Record<string, readonly string[]>>;

const KNOWN = new Set([
  'container',
  'image',
  'network',
  'volume',
  'daemon',
  'plugin',
  'type',
  'event',
  'label',
  'scope',
]);

/** Throws `invalid-argument` for a filter that events do not have. */
export function checkEventFilters(filters: EventFilters): void {
  for (const name of Object.keys(filters)) {
    if (!KNOWN.has(name)) throw new PouchError('invalid-argument', `invalid filter '${name}'`);
  }
}

/** True when the event passes every filter; within one filter any value is enough, but every label must match. */
export function matchesEvent(event: EventMessage, filters: EventFilters): boolean {
  const attributes = event.Actor?.Attributes ?? {};
  for (const [name, values] of Object.entries(filters)) {
    if (values.length === 0) continue;
    if (name === 'label') {
      if (!values.every((value) => matchesLabel(attributes, value))) return false;
    } else if (!values.some((value) => matchesValue(event, attributes, name, value))) return false;
  }
  return true;
}

function matchesLabel(attributes: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  if (at < 0) return wanted in attributes;
  return attributes[wanted.slice(0, at)] === wanted.slice(at + 1);
}

function matchesValue(
  event: EventMessage,
  attributes: Readonly<Record<string, string>>,
  name: string,
  value: string,
): boolean {
  switch (name) {
    case 'type':
      return event.Type === value;
    case 'event':
      return event.Action === value || event.Action?.split(':')[0] === value;
    case 'scope':
      return event.scope === value;
    case 'image':
      return isImage(event, attributes, value);
    default:
      return matchesActor(event, attributes, value);
  }
}

/** As in Docker the beginning of an id or a name is enough, and whatever the event is about counts, not containers alone. */
function matchesActor(event: EventMessage, attributes: Readonly<Record<string, string>>, value: string): boolean {
  return event.Actor?.ID?.startsWith(value) === true || attributes.name?.startsWith(value) === true;
}

function isImage(event: EventMessage, attributes: Readonly<Record<string, string>>, value: string): boolean {
  const names = event.Type === 'image' ? [event.Actor?.ID, attributes.name] : [attributes.image];
  return names.some((name) => name !== undefined && (name === value || name.replace(/:[^:/]*$/, '') === value));
}
