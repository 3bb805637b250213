import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, type ExecResult, sleep } from '@pouch/base';
import { readCgroupHierarchy, unmountTree } from '@pouch/linux';
import { TestDaemon } from '../../test/harness/test-daemon.ts';
import { FreshDisk } from '../fresh-disk.ts';

/** The host's programs for containers whose image has few. */
const HOST_PROGRAMS = ['/usr', '/lib', '/lib64'].map((path) => `${path}:${path}:ro`);
const PATH = 'PATH=/bin:/usr/bin:/usr/sbin';

/** A small host within this one: a disk of its own, and a control group above all containers that can be made small. */
export class Stage implements AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly disk: string;
  readonly #directory: string;
  readonly #swap: string | undefined;

  private constructor(directory: string, daemon: TestDaemon, swap: string | undefined) {
    this.#directory = directory;
    this.#swap = swap;
    this.daemon = daemon;
    this.disk = join(directory, 'disk');
  }

  /** `inodes` of the disk; MiB of swap that the host gets for the time; `flags` of pouchd. */
  static async build(
    options: { bytes?: number; inodes?: number; swap?: number; flags?: readonly string[] } = {},
  ): Promise<Stage> {
    const directory = mkdtempSync(join(tmpdir(), 'pouch-stage-'));
    const disk = join(directory, 'disk');
    let swap: string | undefined;
    try {
      const inodes = options.inodes === undefined ? [] : ['-N', String(options.inodes)];
      await FreshDisk.make(disk, options.bytes ?? 2 * 1024 ** 3, ['-m', '0', ...inodes]);
      if (options.swap !== undefined) swap = await addSwap(join(directory, 'swap'), options.swap);
      return new Stage(directory, await TestDaemon.start(['--root', disk, ...(options.flags ?? [])]), swap);
    } catch (error) {
      await takeAway(directory, swap);
      throw error;
    }
  }

  /** A container that does nothing until it is told to. */
  async container(name: string, host: Record<string, unknown> = {}): Promise<void> {
    const HostConfig = { Binds: HOST_PROGRAMS, ...host };
    const body = { Image: 'busybox', Cmd: ['sleep', '3600'], Env: [PATH], HostConfig };
    await this.daemon.ok('POST', `/containers/create?name=${name}`, body);
    await this.daemon.ok('POST', `/containers/${name}/start`);
  }

  async remove(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.daemon.api('DELETE', `/containers/${name}?force=1&v=1`);
  }

  /** Run a script in a container to its end. */
  async run(name: string, script: string): Promise<ExecResult> {
    const options = { allowFailure: true, timeout: 120_000 };
    return await this.daemon.pouch(['exec', name, 'sh', '-c', script], options);
  }

  /** Let a script go on in a container. */
  async leave(name: string, script: string): Promise<void> {
    await this.daemon.pouch(['exec', '-d', name, 'sh', '-c', script]);
    await sleep(1500);
  }

  /** Write into the control group above all containers: v1's file of that controller, or v2's. */
  async squeeze(
    controller: string,
    v1: string,
    v2: string,
    value: string | { readonly v1: string; readonly v2: string },
  ): Promise<void> {
    const { mode, unified = '', controllers } = await readCgroupHierarchy();
    const isV2 = mode === 'v2';
    const root = isV2 ? unified : (controllers.get(controller) ?? '');
    writeFileSync(
      join(root, `pouch-${this.daemon.name}`, isV2 ? v2 : v1),
      typeof value === 'string' ? value : value[isV2 ? 'v2' : 'v1'],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.daemon[Symbol.asyncDispose]();
    } finally {
      await takeAway(this.#directory, this.#swap);
    }
  }
}

async function addSwap(path: string, mebibytes: number): Promise<string> {
  await exec('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${mebibytes}`]);
  await exec('chmod', ['600', path]);
  await exec('mkswap', [path]);
  await exec('swapon', [path]);
  return path;
}

async function takeAway(directory: string, swap: string | undefined): Promise<void> {
  if (swap !== undefined) await exec('swapoff', [swap]);
  await unmountTree(directory);
  rmSync(directory, { recursive: true, force: true });
}
