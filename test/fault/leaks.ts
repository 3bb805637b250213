import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createLogger, exec } from '@pouch/base';
import { ContainerdClient } from '@pouch/containerd';
import type { TestDaemon } from '../harness/test-daemon.ts';

interface StoredContainer {
  readonly id: string;
  readonly state: { readonly status: string };
}

interface StoredSandbox {
  readonly state: string;
  readonly netns?: string;
  readonly endpoints: readonly { readonly hostInterface?: string }[];
}

function list(...path: string[]): string[] {
  try {
    return readdirSync(join(...path));
  } catch {
    return [];
  }
}

/** Everything on the host and in containerd that belongs to no container on record, a line each. */
export async function findLeaks(daemon: TestDaemon): Promise<string[]> {
  const { directory, name } = daemon;
  const run = join(directory, 'run');
  const root = join(directory, 'root');
  const { containers, sandboxes } = readRecords(join(root, 'pouch.db'));
  const known = new Set(containers.map(({ id }) => id));
  const live = new Set(
    containers.filter(({ state }) => /running|paused|starting/.test(state.status)).map(({ id }) => id),
  );
  const leaks: string[] = [];
  const only = (what: string, found: Iterable<string>, allowed: ReadonlySet<string>): void => {
    for (const item of found) if (!allowed.has(item)) leaks.push(`${what}: ${item}`);
  };
  const missing = (what: string, wanted: Iterable<string>, found: ReadonlySet<string>): void => {
    for (const item of wanted) if (!found.has(item)) leaks.push(`missing ${what}: ${item}`);
  };

  using client = new ContainerdClient(
    { address: join(run, 'containerd/containerd.sock'), namespace: 'pouch' },
    { logger: createLogger({ level: 'error', format: 'text', write: () => {} }) },
  );
  const tasks = new Set((await client.tasks.list()).map(({ containerId }) => containerId));
  only('task', tasks, live);
  missing('task', live, tasks);
  for await (const record of client.containers.list()) only('containerd record', [record.id], live);
  const snapshots = new Set<string>();
  for await (const { kind, name: key } of client.snapshots.list()) if (kind === 'active') snapshots.add(key);
  only('snapshot', snapshots, known);
  missing('snapshot', known, snapshots);

  only('shim', shims(join(run, 'containerd/containerd.sock')), live);
  only('bundle', list(run, 'containerd/io.containerd.runtime.v2.task/pouch'), live);
  only('work directory', list(root, 'containerd/io.containerd.runtime.v2.task/pouch'), live);
  only('runtime state', list(run, 'runtime/pouch'), live);
  only('container directory', list(root, 'containers'), known);
  only('stdin directory', list(run, 'io'), known);
  only('shm', list(run, 'shm'), live);
  const execs = list(run, 'exec');
  if (execs.length > 16) leaks.push(`${execs.length} directories of execs`);

  const namespaces = new Set(sandboxes.flatMap(({ netns }) => netns ?? []));
  only('network namespace', list(run, 'netns'), namespaces);
  for (const { state } of sandboxes) if (state !== 'live' && state !== 'pool') leaks.push(`sandbox that is ${state}`);
  const wantedLinks = new Set(
    sandboxes.flatMap(({ endpoints }) => endpoints.flatMap(({ hostInterface }) => hostInterface ?? [])),
  );
  const links = await bridgeLinks(name);
  only('link', links, wantedLinks);
  leaks.push(...foreignMounts(directory, live, namespaces));
  leaks.push(...strayCgroups(name, live));
  leaks.push(...(await strayPorts(name, sandboxes)));
  return leaks;
}

function readRecords(path: string): { containers: StoredContainer[]; sandboxes: StoredSandbox[] } {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const of = <T>(kind: string): T[] =>
      db
        .prepare('SELECT json FROM records WHERE kind = ?')
        .all(kind)
        .map((row) => JSON.parse(row['json'] as string) as T);
    return { containers: of('container'), sandboxes: of('sandbox') };
  } finally {
    db.close();
  }
}

/** Ids of the containers that shims of this containerd serve. */
function shims(address: string): string[] {
  const found: string[] = [];
  for (const pid of list('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words[0]?.includes('containerd-shim') && words.includes(address))
        found.push(words[words.indexOf('-id') + 1] ?? pid);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** Our ends of veth pairs that are on a bridge of this daemon, or on none. */
async function bridgeLinks(name: string): Promise<string[]> {
  const { stdout } = await exec('ip', ['-j', '-d', 'link', 'show', 'type', 'veth']);
  const links = JSON.parse(stdout) as { ifname: string; master?: string }[];
  return links
    .filter(({ ifname, master }) => ifname.startsWith('pv') && master === `br${name}`)
    .map(({ ifname }) => ifname);
}

function foreignMounts(directory: string, live: ReadonlySet<string>, namespaces: ReadonlySet<string>): string[] {
  const paths = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  // Where the daemon mounts root file systems for a moment, itself a mount once it was needed.
  const ours = join(directory, 'run/rootfs/mounts');
  const first = paths.indexOf(ours);
  return (
    paths
      .filter((path, at) => path.startsWith(`${directory}/`) && at !== first)
      // The daemon's own, which no container owns.
      .filter((path) => !['cgroup', 'lxcfs'].some((name) => path.startsWith(join(directory, 'run', name))))
      .filter((path) => !path.split('/').some((part) => live.has(part) || namespaces.has(part)))
      .map((path) => `mount: ${path}`)
  );
}

function strayCgroups(name: string, live: ReadonlySet<string>): string[] {
  const found = list('/sys/fs/cgroup').flatMap((controller) => {
    const parent = join('/sys/fs/cgroup', controller, `pouch-${name}`);
    return list(parent)
      .filter((entry) => /^[0-9a-f]{64}$/.test(entry) && !live.has(entry))
      .map((entry) => `cgroup: ${parent}/${entry}`);
  });
  return found;
}

/** Elements of the port maps that no live sandbox has. */
async function strayPorts(name: string, sandboxes: readonly StoredSandbox[]): Promise<string[]> {
  const { stdout } = await exec('nft', ['-j', 'list', 'map', 'inet', `pouch_${name}`, 'published4'], {
    allowFailure: true,
  });
  const wanted = JSON.stringify(sandboxes.filter(({ state }) => state === 'live'));
  const ports = [...stdout.matchAll(/"concat": \["127\.0\.0\.1", "tcp", (\d+)\]/g)].map(([, port]) => port as string);
  return ports.filter((port) => !wanted.includes(`"hostPort":${port}`)).map((port) => `nft element of port ${port}`);
}

/** Resident memory in MB and open descriptors of a process. */
export function processSize(pid: number): { memory: number; descriptors: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
    descriptors: list(`/proc/${pid}/fd`).length,
  };
}
