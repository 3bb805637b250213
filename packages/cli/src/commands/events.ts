import type { EventMessage } from '@pouch/api';
import { command } from '../app/command.ts';
import { filter, format, str } from '../flags/types.ts';
import { apiTime } from '../output/api-time.ts';
import { objectTemplate } from '../output/object.ts';
import { goJson } from '../template/go-format.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch events -f type=container -f event=die', does: 'tell when containers end' },
    { command: 'pouch events --since 1h --until 0s', does: 'what happened in the last hour' },
  ],
  complete: 'none',
  flags: {
    filter: filter('Only those that match: type=, event=, container=, image=, label=, …', { short: 'f' }),
    format: format({ help: "Print each with a Go template, or 'json'" }),
    since: str('Also what happened since this moment: a time, or 10m for ten minutes ago'),
    until: str('Up to this moment'),
  },
  async run(context, flags) {
    const show = flags.format === '' ? eventLine : eventTemplate(flags.format);
    const events = context.client.system.events({
      filters: flags.filter,
      ...(flags.since && { since: apiTime(flags.since) }),
      ...(flags.until && { until: apiTime(flags.until) }),
    });
    for await (const event of events) context.print(show(event));
  },
});

function eventTemplate(format: string): (event: EventMessage) => string {
  if (format === 'json') return (event) => goJson(event);
  const template = objectTemplate(format);
  // Names that Docker's client gives the fields in templates.
  return (event) =>
    template({
      ...event,
      Time: event.time,
      TimeNano: event.timeNano,
      Scope: event.scope ?? 'local',
      Status: event.status ?? event.Action,
      ID: event.id ?? event.Actor.ID,
      From: event.from ?? event.Actor.Attributes['image'] ?? '',
    });
}

function eventLine(event: EventMessage): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const tail = attributes.length > 0 ? ` (${attributes.join(', ')})` : '';
  return `${eventTime(event)} ${event.Type} ${event.Action} ${event.Actor.ID}${tail}`;
}

/** RFC 3339 in our time zone, nine digits of the second. */
function eventTime(event: EventMessage): string {
  const milliseconds = event.time * 1000;
  const offset = -new Date(milliseconds).getTimezoneOffset();
  const local = new Date(milliseconds + offset * 60_000).toISOString().slice(0, 19);
  const nanos = event.timeNano === undefined ? 0 : Math.max(0, event.timeNano - event.time * 1e9);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const zone =
    offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
  return `${local}.${String(Math.min(nanos, 999_999_999)).padStart(9, '0')}${zone}`;
}
