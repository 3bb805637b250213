import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../build/inputs.ts';
import { cell, code, generatedFrom, page, table } from './markdown.ts';

type Events = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What each event tells. Attributes stand in brackets. */
const EVENTS: Events = {
  container: {
    create: 'It was created.',
    start: 'Its process runs.',
    restart: 'It was stopped and started on request.',
    kill: 'A signal was sent to it [signal].',
    die: 'Its process has ended [exitCode, execDuration].',
    oom: 'The kernel ended one of its processes for want of memory.',
    stop: 'It was stopped on request.',
    pause: 'Its processes are frozen.',
    unpause: 'They go on.',
    rename: 'It has a new name [oldName].',
    update: 'Its limits or its restart policy were changed.',
    checkpoint: 'Its processes were written down [checkpoint].',
    upgrade: 'It is of another image [from, to].',
    rollback: 'It is again what it was before its last upgrade [from, to].',
    ssh_login: 'Somebody logged in to its SSH server [user, address, key, session].',
    ssh_logout: 'That connection has ended [user, address, key, session].',
    destroy: 'It was removed.',
    prune: 'Stopped containers were removed [reclaimed].',
    attach: 'Somebody attached to its streams.',
    detach: 'Somebody left them with the detach keys.',
    resize: 'Its terminal has a new size [height, width].',
    top: 'Its processes were listed.',
    export: 'Its root file system was read.',
    'archive-path': 'Files were copied out of it.',
    'extract-to-dir': 'Files were copied into it.',
    commit: 'An image was made of it [comment, imageID, imageRef].',
    'exec_create: COMMAND': 'A further process was prepared [execID].',
    'exec_start: COMMAND': 'It was started [execID].',
    exec_die: 'It has ended [execID, exitCode].',
    exec_detach: 'Somebody left its streams [execID].',
    'health_status: STATUS': 'Its health is another than before: healthy or unhealthy.',
  },
  image: {
    pull: 'It was fetched from a registry.',
    push: 'It was brought to a registry.',
    tag: 'It has a further name.',
    untag: 'It has a name less.',
    delete: 'It was removed.',
    import: 'It was made of a root file system.',
    load: 'It came out of an archive.',
    save: 'It went into an archive.',
    prune: 'Unused images were removed [reclaimed].',
  },
  network: {
    create: 'It was created.',
    connect: 'A container joined it [container].',
    disconnect: 'A container left it [container].',
    destroy: 'It was removed.',
    prune: 'Unused networks were removed [reclaimed].',
  },
  volume: {
    create: 'It was created [driver].',
    mount: 'A container uses it [container, driver].',
    unmount: 'A container uses it no longer [container, driver].',
    destroy: 'It was removed [driver].',
    prune: 'Unused volumes were removed [reclaimed].',
  },
};

/** Every event, with those left out that the engine does not publish; one it publishes and nobody explained is an error. */
export function eventsPage(): string {
  const published = publishedActions();
  const known = new Set(Object.values(EVENTS).flatMap((actions) => Object.keys(actions).map(wordOf)));
  const missing = [...published].filter((action) => !known.has(action));
  if (missing.length > 0) throw new Error(`scripts/docs/events-page.ts does not explain: ${missing.join(', ')}`);
  return page(
    generatedFrom('scripts/docs/events-page.ts and what packages/engine publishes'),
    '# Events',
    '`pouch events` prints them as they happen, and `GET /events` streams them as JSON. Filters: `type`, `event`, `container`, `image`, `network`, `volume`, `label`, `scope`. The newest 1,024 events are kept while the daemon lives, for `--since`.',
    'Events of containers carry the attributes `name`, `image` and the container’s labels; those of images carry `name`, and those of networks `name` and `type`.',
    ...Object.entries(EVENTS).flatMap(([type, actions]) => [
      `## ${type}`,
      table(
        ['Action', 'What it tells'],
        Object.entries(actions)
          .filter(([action]) => published.has(wordOf(action)))
          .map(([action, text]) => [code(action), cell(text)]),
      ),
    ]),
  );
}

const wordOf = (action: string): string => action.replace(/:.*/, '');

/** The words with which the engine's sources publish events. */
function publishedActions(): Set<string> {
  const found = new Set<string>();
  const calls = [
    /publishContainerEvent\([^;]*?['`]([a-z_-]+)/g,
    /#publish\(\s*(?:container,\s*)?'([a-z_-]+)'/g,
    /#emit\(\s*'([a-z_-]+)'/g,
    /events\.publish\(\s*'\w+',\s*'([a-z_-]+)'/g,
    /networkEvent\(\s*'([a-z_-]+)'/g,
    /\btell\('([a-z_-]+)'/g,
  ];
  for (const file of globSync('packages/engine/src/**/*.ts', { cwd: ROOT })) {
    if (file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(ROOT, file), 'utf8');
    for (const call of calls) for (const match of text.matchAll(call)) found.add(match[1] as string);
  }
  return found;
}
