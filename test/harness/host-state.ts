import { type Dirent, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';

/** What a test could leave behind on the host, by kind. */
export type HostState = Readonly<Record<string, ReadonlySet<string>>>;

/** Mounts, links, namespaces, nft tables, control groups, loop devices and container processes, as they are now. */
export async function readHostState(): Promise<HostState> {
  const [links, tables, loops] = await Promise.all([
    exec('ip', ['-o', 'link']),
    exec('nft', ['list', 'tables'], { allowFailure: true }),
    exec('losetup', ['--noheadings', '--list', '--output', 'NAME,BACK-FILE'], { allowFailure: true }),
  ]);
  return {
    mounts: lines(readFileSync('/proc/self/mountinfo', 'utf8'), (line) => line.split(' ')[4]),
    links: lines(links.stdout, (line) => line.split(': ')[1]?.split('@')[0]),
    tables: lines(tables.stdout, (line) => line),
    loops: lines(loops.stdout, (line) => line),
    cgroups: new Set(listCgroups('/sys/fs/cgroup', 4)),
    processes: new Set(listProcesses()),
  };
}

function lines(text: string, pick: (line: string) => string | undefined): Set<string> {
  return new Set(text.split('\n').flatMap((line) => (line === '' ? [] : (pick(line) ?? []))));
}

function listCgroups(directory: string, depth: number): string[] {
  if (depth === 0) return [];
  const found: string[] = [];
  for (const entry of entriesOf(directory)) {
    if (!entry.isDirectory()) continue;
    const path = join(directory, entry.name);
    found.push(path, ...listCgroups(path, depth - 1));
  }
  return found;
}

/** None of a directory that has gone meanwhile. */
function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Container processes only: shims, daemons, runtimes. Others come and go with the machine. */
function listProcesses(): string[] {
  const found: string[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (/containerd|buildkitd|pouchd|dockerd|docker-registry|\bcrun\b|\brunc\b/.test(command))
        found.push(`${name} ${command.slice(0, 120)}`);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** What is there now and was not before, a line each. */
export function leftBehind(before: HostState, after: HostState): string[] {
  return Object.entries(after).flatMap(([kind, values]) =>
    [...values].filter((value) => !before[kind]?.has(value)).map((value) => `${kind}: ${value}`),
  );
}

export function directoryExists(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
