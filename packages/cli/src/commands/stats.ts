import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerStats } from '@pouch/api';
import { isErrorCode } from '@pouch/base';
import { command } from '../app/command.ts';
import type { Context } from '../app/context.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { bool, format } from '../flags/types.ts';
import { STATS_HEADERS, STATS_TABLE, statsRow } from '../list/stats-row.ts';
import { renderRows } from '../output/rows.ts';
import { onInterrupt } from '../stream/signals.ts';

const REDRAW_MS = 500;
const HOME = '\u001b[H';
const CLEAR = '\u001b[2J';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export default command({
  usage: '[OPTIONS] [CONTAINER...]',
  args: { min: 0 },
  examples: [
    { command: 'pouch stats', does: 'all that run; ctrl-c ends it' },
    { command: "pouch stats --no-stream --format '{{.Name}} {{.MemUsage}}'", does: 'one reading, for a script' },
  ],
  complete: 'running-container',
  flags: {
    all: bool('Also those that do not run', { short: 'a' }),
    format: format(),
    'no-stream': bool('One reading, then stop'),
    'no-trunc': bool('Print ids whole'),
  },
  async run(context, flags, args) {
    const template = flags.format || (readConfigFile(context).statsFormat ?? '');
    const render = (readings: ReadonlyMap<string, ContainerStats | undefined>): string => {
      const rows = [...readings].map(([id, stats]) => statsRow(id, stats, !flags['no-trunc']));
      return renderRows(rows, { format: template, table: STATS_TABLE, headers: STATS_HEADERS });
    };
    if (flags['no-stream']) {
      const names = args.length > 0 ? args : await running(context, flags.all);
      context.stdout.write(render(await readOnce(context, names, args.length > 0)));
      return;
    }
    await watch(context, args, flags.all, render);
  },
});

async function running(context: Context, all: boolean): Promise<readonly string[]> {
  return (await context.client.containers.list({ all })).map((container) => container.Id);
}

async function readOnce(
  context: Context,
  names: readonly string[],
  strict: boolean,
): Promise<Map<string, ContainerStats | undefined>> {
  const read = async (name: string): Promise<readonly [string, ContainerStats | undefined]> => {
    try {
      for await (const stats of context.client.containers.stats(name, { stream: false })) return [name, stats];
    } catch (error) {
      // One of all that were listed may have gone meanwhile; one that was named must be there.
      if (strict || !isErrorCode(error, 'not-found', 'conflict')) throw error;
    }
    return [name, undefined];
  };
  return new Map(await Promise.all(names.map(read)));
}

/** Redraw the readings until interrupted. */
async function watch(
  context: Context,
  args: readonly string[],
  all: boolean,
  render: (readings: ReadonlyMap<string, ContainerStats | undefined>) => string,
): Promise<void> {
  const stop = new AbortController();
  using _interrupt = onInterrupt(() => stop.abort());
  const readings = new Map<string, ContainerStats | undefined>();
  const follow = async (id: string): Promise<void> => {
    if (readings.has(id)) return;
    readings.set(id, undefined);
    try {
      for await (const stats of context.client.containers.stats(id, { stream: true, signal: stop.signal })) {
        readings.set(id, stats);
      }
    } finally {
      readings.delete(id);
    }
  };
  const ignore = (): void => {};
  for (const id of args.length > 0 ? args : await running(context, all)) {
    // A named container that is not there ends the command; the others come and go.
    if (args.length > 0) await context.client.containers.inspect(id);
    follow(id).catch(ignore);
  }
  if (args.length === 0) followNew(context, follow, stop.signal).catch(ignore);
  const terminal = context.stdout.isTerminal;
  if (terminal) context.stdout.write(CLEAR);
  while (!stop.signal.aborted) {
    await delay(REDRAW_MS, undefined, { signal: stop.signal }).catch(ignore);
    if (stop.signal.aborted || (args.length > 0 && readings.size === 0)) return;
    const text = render(readings);
    context.stdout.write(terminal ? `${HOME}${text.replaceAll('\n', `${CLEAR_LINE_END}\n`)}${CLEAR_BELOW}` : text);
  }
}

async function followNew(context: Context, follow: (id: string) => Promise<void>, signal: AbortSignal): Promise<void> {
  const filters = { type: ['container'], event: ['start'] };
  for await (const event of context.client.system.events({ filters, signal })) follow(event.Actor.ID).catch(() => {});
}
