import type { ContainerConfig, HostConfig } from '@pouch/api';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PouchError } from '@pouch/base';
import { type CgroupHierarchy, cgroupPaths, readMounts } from '@pouch/linux';
import type { Mount } from '@pouch/oci';
import type { Container } from '../container.ts';
import { resolveContainerUser } from '../spec/container-user.ts';
import { buildEnvironment } from '../spec/environment.ts';
import type { HostFacts } from '../spec/host-facts.ts';
import { buildRlimits } from '../spec/rlimits.ts';
import type { HostProgram } from '../spec/host-program.ts';
import type { RichStart } from '../spec/spec-input.ts';
import { commandScript, RICH_DIRECTORY, serviceScript, startScript } from './command-script.ts';
import { findDumbInit } from './dumb-init.ts';
import { STATUS_FILE } from './exit-status.ts';
import { findImageInit, type FoundInit, type RootfsFiles } from './image-init.ts';
import { busyboxInittab, sysvInittab } from './inittab.ts';
import type { ImageInit } from './rich-types.ts';
import { isInitCommand, runsServices } from './rich-mode.ts';
import { commandUnit } from './systemd-unit.ts';

const TMPFS = ['rw', 'nosuid', 'nodev', 'tmpcopyup'];
/** What systemd(1) expects to be a tmpfs, as its container interface says. Keys are destinations. */
const SYSTEMD_TMPFS: readonly (readonly [destination: string, options: readonly string[]])[] = [
  ['/run', [...TMPFS, 'mode=755']],
  ['/run/lock', [...TMPFS, 'noexec', 'mode=1777']],
  ['/tmp', [...TMPFS, 'mode=1777']],
  ['/var/log/journal', [...TMPFS, 'noexec', 'mode=755']],
];

/** SSH servers of a machine's own, which would be refused the port that Pouch's has. */
const SSH_UNITS = ['ssh.service', 'ssh.socket', 'sshd.service', 'sshd.socket'];

/**
 * What systemd asks of each machine before it loads a unit, and no container has: encrypted and verified disks, partitions,
 * a memory image on them, boot loaders, a TPM. Without them a machine runs some 15 ms sooner.
 */
const MASKED_GENERATORS = [
  'systemd-bless-boot-generator',
  'systemd-cryptsetup-generator',
  'systemd-gpt-auto-generator',
  'systemd-hibernate-resume-generator',
  'systemd-integritysetup-generator',
  'systemd-tpm2-generator',
  'systemd-veritysetup-generator',
];

/** Links below /run/systemd/system to make before systemd starts: the name and its target. */
function unitLinks(init: FoundInit, hasCommand: boolean, { Ssh, SshPort }: HostConfig): [string, string][] {
  if (init.kind !== 'systemd') return [];
  const unit = `${RICH_DIRECTORY}/pouch-command.service`;
  return [
    ...(hasCommand ? ['pouch-command.service', 'default.target.wants/pouch-command.service'] : []).map(
      (name): [string, string] => [name, unit],
    ),
    ...(Ssh && SshPort === 22 ? SSH_UNITS : []).map((name): [string, string] => [name, '/dev/null']),
  ];
}

/** Sets up the start of rich containers: what their first process is and what it finds. */
export class RichSetup {
  readonly #host: HostFacts;
  readonly #cgroups: CgroupHierarchy;
  #dumbInit: Promise<HostProgram> | undefined;

  constructor(options: { host: HostFacts; cgroups: CgroupHierarchy }) {
    this.#host = options.host;
    this.#cgroups = options.cgroups;
  }

  /** Refuse, before it is made, a container whose image or host lacks what its mode needs. */
  async check(container: Container, rootfs: RootfsFiles): Promise<void> {
    const init = await this.findInit(container.record.config, rootfs);
    if (init !== undefined) container.record.init = init;
  }

  /** The init that a configuration finds in a root file system. Throws `unsupported` where host or image cannot do it. */
  async findInit(config: ContainerConfig, rootfs: RootfsFiles): Promise<ImageInit | undefined> {
    if (!config.Rich) return undefined;
    const found = await findImageInit(config.RichMode || 'dumb-init', rootfs);
    if (!found) await this.#findDumbInit();
    if (found?.kind === 'systemd') await this.#requireSystemdHierarchy();
    return found?.kind;
  }

  async #findDumbInit(): Promise<HostProgram> {
    this.#dumbInit ??= findDumbInit();
    try {
      return await this.#dumbInit;
    } catch (error) {
      // It may be installed by the next time.
      this.#dumbInit = undefined;
      throw error;
    }
  }

  /** For one start; undefined for a container that is not rich. */
  async start(container: Container, rootfs: RootfsFiles, cgroupsPath: string): Promise<RichStart | undefined> {
    const { record } = container;
    if (!record.config.Rich) return undefined;
    if (!runsServices(record)) {
      const { args, mounts } = await this.#findDumbInit();
      return { args: [...args, record.path, ...record.args], mounts };
    }
    const init = await findImageInit(record.config.RichMode as 'systemd' | 'sbin-init', rootfs);
    if (!init) throw new PouchError('internal', 'a rich mode without an init');
    if (record.init !== init.kind) {
      record.init = init.kind;
      container.save();
    }
    const files = await this.#writeFiles(container, rootfs, init);
    const cgroup = init.kind === 'systemd' ? await this.#systemdCgroup(cgroupsPath) : undefined;
    return {
      args: ['/bin/sh', join(RICH_DIRECTORY, 'start')],
      init: { capabilities: init.kind === 'systemd' ? [] : ['CAP_SYS_BOOT'] },
      mounts: [...this.#tmpfs(init), ...(cgroup ? [cgroup] : []), ...files],
      ...(init.kind === 'systemd' && this.#cgroups.mode === 'v2' && { writableCgroup: true }),
    };
  }

  #tmpfs(init: FoundInit): Mount[] {
    const wanted = init.kind === 'systemd' ? SYSTEMD_TMPFS : SYSTEMD_TMPFS.slice(0, 2);
    return wanted.map(([destination, options]) => ({
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: [...options],
    }));
  }

  async #writeFiles(container: Container, rootfs: RootfsFiles, init: FoundInit): Promise<Mount[]> {
    const { config, hostConfig, path, args } = container.record;
    const keep = config.RichKeep ?? false;
    const hasCommand = !isInitCommand(path);
    const user = await resolveContainerUser(rootfs, config.User ?? '', hostConfig.GroupAdd);
    const env = buildEnvironment({
      entries: config.Env ?? [],
      hostname: config.Hostname ?? '',
      home: user.home,
      tty: config.Tty ?? false,
    });
    const texts = new Map<string, string>();
    if (hasCommand) {
      texts.set('command', commandScript({ words: [path, ...args], env, workingDir: config.WorkingDir || '/', user }));
    }
    if (init.kind === 'systemd' && hasCommand) {
      const stopSignal = config.StopSignal || 'SIGTERM';
      const stopTimeout = config.StopTimeout ?? 10;
      const rlimits = buildRlimits(hostConfig.Ulimits ?? [], this.#host);
      texts.set('pouch-command.service', commandUnit({ keep, stopSignal, stopTimeout, rlimits }));
    }
    if (init.kind !== 'systemd') {
      const image = await rootfs.readText('/etc/inittab');
      const isSysv = init.kind === 'sysvinit';
      if (hasCommand) texts.set('service', serviceScript(isSysv ? '/sbin/init 0' : 'kill -USR2 1', keep));
      texts.set('inittab', isSysv ? sysvInittab(image ?? '', hasCommand) : busyboxInittab(image, hasCommand));
    }
    const start = startScript({
      init: init.path,
      workingDir: config.WorkingDir || '/',
      hasCommand,
      units: unitLinks(init, hasCommand, hostConfig),
      maskedGenerators: init.kind === 'systemd' ? MASKED_GENERATORS : [],
    });
    texts.set('start', start);
    const directory = join(container.directory, 'rich');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const [name, text] of texts) await writeFile(join(directory, name), text, { mode: 0o644 });
    await writeFile(join(container.directory, STATUS_FILE), '', { mode: 0o600 });
    const bind = (name: string, destination: string, access: 'ro' | 'rw'): Mount => ({
      destination,
      type: 'bind',
      source: join(directory, name),
      options: ['bind', access, 'rprivate'],
    });
    const inside = (name: string): string => (name === 'inittab' ? '/etc/inittab' : join(RICH_DIRECTORY, name));
    return [
      ...[...texts.keys()].map((name) => bind(name, inside(name), 'ro')),
      bind('status', join(RICH_DIRECTORY, 'status'), 'rw'),
    ];
  }

  async #requireSystemdHierarchy(): Promise<void> {
    const { mode, named, unified } = this.#cgroups;
    if (mode !== 'v2' && !named.has('systemd')) {
      throw new PouchError(
        'unsupported',
        'RichMode systemd needs the hierarchy name=systemd on this cgroup v1 host: mkdir /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd',
      );
    }
    if (mode !== 'v2') return;
    const point = (await readMounts()).find(({ mountPoint, fsType }) => fsType === 'cgroup2' && mountPoint === unified);
    if (point?.superOptions.includes('nsdelegate')) return;
    throw new PouchError(
      'unsupported',
      `RichMode systemd gives a container its control group to divide, and without the option nsdelegate it could lift its own limits there: mount -o remount,nsdelegate cgroup2 ${unified ?? '/sys/fs/cgroup'}`,
    );
  }

  /**
   * On v1 systemd gets its own part of the hierarchy that carries no controllers to write in. The others stay read-only:
   * their limits lie in the very directories that the container sees.
   */
  async #systemdCgroup(cgroupsPath: string): Promise<Mount | undefined> {
    if (this.#cgroups.mode === 'v2') return undefined;
    await this.#requireSystemdHierarchy();
    const point = this.#cgroups.named.get('systemd') as string;
    const own = cgroupPaths(this.#cgroups, cgroupsPath).all.find((path) => path.startsWith(`${point}/`)) as string;
    await mkdir(own, { recursive: true });
    return {
      destination: '/sys/fs/cgroup/systemd',
      type: 'bind',
      source: own,
      options: ['bind', 'rw', 'nosuid', 'noexec', 'nodev', 'rprivate'],
    };
  }
}
