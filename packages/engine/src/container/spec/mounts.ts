import { mkdir, realpath, stat } from 'node:fs/promises';
import { errnoCode, errorMessage, PouchError } from '@pouch/base';
import { defaultMounts, type Mount } from '@pouch/oci';
import type { ContainerMount, ContainerRecord } from '../container-record.ts';
import type { HostFacts } from './host-facts.ts';
import { parseTmpfsOptions } from './tmpfs-options.ts';
import { initMount } from './init.ts';
import { containerOfMode } from './namespace-mode.ts';
import { parseSecurityOptions } from './security-options.ts';
import type { SpecInput } from './spec-input.ts';

/**
 * Every mount of a container, in mounting order: the system's file systems, then the container's own by depth, so that none
 * hides another. One of the container's at the place of a system one takes its place.
 */
export async function buildMounts(input: SpecInput): Promise<Mount[]> {
  const own = await ownMounts(input);
  const taken = new Set(own.map(({ destination }) => destination));
  const rich = input.rich?.mounts ?? [];
  const machine = rich.filter(({ type }) => type === 'tmpfs');
  const system = [...systemMounts(input), ...machine].filter(({ destination }) => !taken.has(destination));
  const files = [
    ...sandboxFiles(input),
    ...(input.hostMounts ?? []),
    ...rich.filter((mount) => !machine.includes(mount)),
  ].filter(({ destination }) => !taken.has(destination));
  const views = procViews(input).filter(({ destination }) => !taken.has(destination));
  return [...system, ...views, ...[...files, ...own].toSorted((a, b) => depth(a) - depth(b))];
}

function depth({ destination }: Mount): number {
  return destination.split('/').length;
}

function systemMounts({ record, host, shmPath, rich }: SpecInput): Mount[] {
  const { hostConfig } = record;
  const privileged = hostConfig.Privileged ?? false;
  const mounts = defaultMounts({
    ...(hostConfig.ShmSize && { shmSize: hostConfig.ShmSize }),
    writableSystem: privileged,
  });
  return mounts.flatMap((mount) => {
    switch (mount.destination) {
      case '/dev/shm':
        return shmMount(mount, record, shmPath);
      case '/sys/fs/cgroup':
        return [cgroupMount(mount, record, rich?.writableCgroup ?? false, host.cgroupVersion)];
      default:
        return [mount];
    }
  });
}

/**
 * Writable where the container is privileged, or where it was asked for and sees only its own part. In the host's namespace it is the
 * host's mount itself: a new one of cgroup2 would take the options (nsdelegate) off the host's.
 */
function cgroupMount(
  mount: Mount,
  { hostConfig }: ContainerRecord,
  delegated: boolean,
  version: HostFacts['cgroupVersion'],
): Mount {
  if (version === 2 && hostConfig.CgroupnsMode === 'host') {
    return {
      ...mount,
      type: 'bind',
      source: mount.destination,
      options: ['rbind', 'rprivate', ...(mount.options ?? [])],
    };
  }
  const { writableCgroups } = parseSecurityOptions(hostConfig.SecurityOpt);
  if (!(writableCgroups || delegated) || hostConfig.CgroupnsMode !== 'private') return mount;
  return { ...mount, options: (mount.options ?? []).map((option) => (option === 'ro' ? 'rw' : option)) };
}

function shmMount(mount: Mount, { hostConfig }: ContainerRecord, shmPath: string | undefined): Mount[] {
  const mode = hostConfig.IpcMode;
  if (mode === 'none') return [];
  if (mode === 'host') return [bind('/dev/shm', '/dev/shm', ['rbind', 'nosuid', 'noexec', 'nodev'])];
  if (shmPath !== undefined) return [bind('/dev/shm', shmPath, ['rbind', 'nosuid', 'noexec', 'nodev'])];
  const other = containerOfMode(mode);
  if (other !== undefined) throw new PouchError('conflict', `container ${other} has no /dev/shm to share`);
  return [mount];
}

/** resolv.conf, hostname and hosts: writable, for containers' own tools, unless the whole root is read-only. */
function sandboxFiles({ record, sandbox }: SpecInput): Mount[] {
  const access = record.hostConfig.ReadonlyRootfs ? 'ro' : 'rw';
  const pairs = [
    ['/etc/resolv.conf', sandbox.resolvConfPath],
    ['/etc/hostname', sandbox.hostnamePath],
    ['/etc/hosts', sandbox.hostsPath],
  ] as const;
  return pairs.flatMap(([destination, source]) =>
    source === undefined ? [] : [bind(destination, source, ['rbind', 'rprivate', access])],
  );
}

/** Slaves of the host's mounts: what is mounted there later, and taken off, follows here. */
function procViews({ procViews: views = [] }: SpecInput): Mount[] {
  return views.flatMap(({ destination, beneath, shown }) => [
    bind(destination, beneath, ['bind', 'slave']),
    bind(destination, shown, ['bind', 'slave']),
  ]);
}

async function ownMounts(input: SpecInput): Promise<Mount[]> {
  const { record, initPath } = input;
  const tmpfs = Object.entries(record.hostConfig.Tmpfs ?? {}).map(([destination, options]) =>
    tmpfsMount(destination, parseTmpfsOptions(options)),
  );
  const mounts = await Promise.all(record.mounts.map((mount) => ownMount(mount, input)));
  return [...initMount(record, initPath), ...tmpfs, ...mounts];
}

async function ownMount(mount: ContainerMount, input: SpecInput): Promise<Mount> {
  if (mount.Type === 'tmpfs') return tmpfsMount(mount.Destination, mount.options ?? []);
  const source = mount.Type === 'volume' ? input.volumePaths.get(mount.Destination) : await bindSource(mount);
  // Nothing is mounted below a file, and crun opens what is to be read-only recursively as a directory.
  const isDirectory = source !== undefined && (await stat(source)).isDirectory();
  if (source === undefined) {
    throw new PouchError('internal', `The volume ${mount.Name ?? ''} for ${mount.Destination} was not mounted.`);
  }
  const recursion = mount.nonRecursive ? 'bind' : 'rbind';
  const options = [
    recursion,
    ...readOnly(mount, input, isDirectory),
    mount.Propagation || 'rprivate',
    ...(mount.options ?? []),
  ];
  return bind(mount.Destination, source, options);
}

/** A read-only mount covers those below it too, as far as the host can. */
function readOnly(mount: ContainerMount, { host }: SpecInput, isDirectory: boolean): string[] {
  if (mount.RW) return ['rw'];
  if (!isDirectory) return ['ro'];
  const recursive = !mount.nonRecursive && mount.readOnlyRecursive !== false && mount.Type === 'bind';
  if (recursive && host.recursiveReadOnly && isPrivate(mount)) return ['ro', 'rro'];
  if (mount.readOnlyRecursive === true) {
    throw new PouchError(
      'unsupported',
      `${mount.Destination} cannot be made read-only recursively: Linux 5.12 is needed.`,
    );
  }
  return ['ro'];
}

/** A shared mount made read-only recursively could be so for its peers. */
function isPrivate({ Propagation: propagation }: ContainerMount): boolean {
  return propagation === '' || propagation === 'private' || propagation === 'rprivate';
}

async function bindSource(mount: ContainerMount): Promise<string> {
  const { Source: source } = mount;
  try {
    await stat(source);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT' || !mount.createSource) throw badSource(source, error);
    await mkdir(source, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
      throw new PouchError(
        'invalid-argument',
        `error while creating mount source path '${source}': ${errorMessage(cause)}`,
        { cause },
      );
    });
  }
  return await realpath(source);
}

function badSource(source: string, cause: unknown): PouchError {
  const code = errnoCode(cause);
  const what = code === 'ENOENT' ? `bind source path does not exist: ${source}` : `cannot use ${source}: ${code}`;
  return new PouchError('invalid-argument', `invalid mount config for type "bind": ${what}`, { cause });
}

function tmpfsMount(destination: string, options: readonly string[]): Mount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...options] };
}

function bind(destination: string, source: string, options: string[]): Mount {
  return { destination, type: 'bind', source, options };
}
