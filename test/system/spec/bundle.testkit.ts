import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import type { ContainerCreateRequest } from '@pouch/api';
import { cgroupsPath, claimLeftoverControllers, releaseLeftoverControllers } from '@pouch/linux';
import { serialiseRuntimeSpec } from '@pouch/oci';
import { prepareContainer } from '../../../packages/engine/src/container/create/prepare-container.ts';
import type { PrepareContext } from '../../../packages/engine/src/container/create/context.ts';
import type { ContainerRecord } from '../../../packages/engine/src/container/container-record.ts';
import { buildSpec } from '../../../packages/engine/src/container/spec/build-spec.ts';
import { readHostFacts } from '../../../packages/engine/src/container/spec/read-host-facts.ts';
import { RootfsView } from '../../../packages/engine/src/container/spec/rootfs-view.ts';
import type { SpecInput } from '../../../packages/engine/src/container/spec/spec-input.ts';
import type { ContainerImage } from '../../../packages/engine/src/image/image-service.ts';
import { noQuotas } from '../../../packages/engine/src/quota/no-quotas.testkit.ts';
import { MemoryVolumes } from '../../../packages/engine/src/volume/memory-volumes.testkit.ts';

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly runtime?: string;
  /** Arguments before the runtime's command. */
  readonly global?: readonly string[];
  readonly spec?: Partial<SpecInput>;
}

const host = await readHostFacts();

/** A busybox root file system and a runtime to try specifications in. Everything goes with its disposal. */
export class Bundle implements AsyncDisposable {
  readonly directory: string;
  readonly volumes: MemoryVolumes;

  private constructor(directory: string) {
    this.directory = directory;
    this.volumes = new MemoryVolumes(join(directory, 'volumes'));
  }

  static async make(): Promise<Bundle> {
    const directory = await mkdtemp(join(tmpdir(), 'pouch-spec-'));
    const root = join(directory, 'bundle/rootfs');
    for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'sbin'])
      await mkdir(join(root, name), { recursive: true });
    await copyFile('/usr/bin/busybox', join(root, 'bin/busybox'));
    const applets = [
      'sh',
      'id',
      'cat',
      'ls',
      'mount',
      'sleep',
      'touch',
      'hostname',
      'env',
      'pwd',
      'grep',
      'stat',
      'df',
    ];
    for (const applet of applets) await symlink('busybox', join(root, 'bin', applet));
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n');
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nann:x:1000:\nvideo:x:44:ann\naudio:x:29:\n');
    // As pouchd does; whichever daemon of another test holds them now may end in the middle.
    await claimLeftoverControllers(join(directory, 'cgroup'));
    return new Bundle(directory);
  }

  get rootfs(): string {
    return join(this.directory, 'bundle/rootfs');
  }

  /** The record that a request comes to. */
  async prepare(request: ContainerCreateRequest, context: Partial<PrepareContext> = {}): Promise<ContainerRecord> {
    const id = randomBytes(32).toString('hex');
    const prepared = await prepareContainer(
      { ...request, HostConfig: { NetworkMode: 'none', ...request.HostConfig } },
      EMPTY_IMAGE,
      { ...defaultContext(id, this.volumes), ...context },
    );
    return makeRecord(id, prepared);
  }

  async spec(record: ContainerRecord, more: Partial<SpecInput> = {}): Promise<string> {
    const spec = await buildSpec({
      record,
      host,
      sandbox: {},
      volumePaths: new Map(record.mounts.filter((m) => m.Type === 'volume').map((m) => [m.Destination, m.Source])),
      cgroupsPath: cgroupsPath('cgroupfs', record.id, `/pouch-spec-${process.pid}`),
      rootfs: new RootfsView([{ type: 'bind', source: this.rootfs, options: ['rbind'] }]),
      ...more,
    });
    return serialiseRuntimeSpec(spec);
  }

  /** Run a request to its end. */
  async run(request: ContainerCreateRequest, options: RunOptions = {}): Promise<RunResult> {
    const record = await this.prepare(request);
    await writeFile(join(this.directory, 'bundle/config.json'), await this.spec(record, options.spec));
    const runtime = options.runtime ?? 'runc';
    const root = join(this.directory, 'state');
    try {
      return await collect(
        spawn(
          runtime,
          [...(options.global ?? []), '--root', root, 'run', '--bundle', join(this.directory, 'bundle'), record.id],
          {
            stdio: ['ignore', 'pipe', 'pipe'],
          },
        ),
      );
    } finally {
      await exec(runtime, ['--root', root, 'delete', '-f', record.id], { allowFailure: true });
    }
  }

  /** Run a shell script and return what it printed; throws when it fails. */
  async sh(script: string, request: ContainerCreateRequest = {}, options: RunOptions = {}): Promise<string> {
    const result = await this.run({ Cmd: ['sh', '-c', script], ...request }, options);
    if (result.code !== 0) throw new Error(`exit ${result.code}: ${result.stdout}${result.stderr}`);
    return result.stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await releaseLeftoverControllers(join(this.directory, 'cgroup'));
    await rm(this.directory, { recursive: true, force: true });
    const hierarchies = await exec('find', [
      '/sys/fs/cgroup',
      '-depth',
      '-type',
      'd',
      '-path',
      `*/pouch-spec-${process.pid}*`,
    ]);
    for (const path of hierarchies.stdout.split('\n').filter(Boolean))
      await exec('rmdir', [path], { allowFailure: true });
  }
}

export const EMPTY_IMAGE: ContainerImage = {
  id: `sha256:${'1'.repeat(64)}`,
  manifestDigest: `sha256:${'1'.repeat(64)}`,
  config: { os: 'linux', architecture: 'amd64', config: {}, rootfs: { type: 'layers', diff_ids: [] }, history: [] },
  manifestSize: 1,
  manifestType: 'application/vnd.oci.image.manifest.v1+json',
  chainId: '',
  platform: { os: 'linux', architecture: 'amd64' },
};

function defaultContext(id: string, volumes: MemoryVolumes): PrepareContext {
  return {
    id,
    host,
    defaults: { logConfig: { Type: 'json-file', Config: {} }, runtime: 'runc' },
    runtimes: new Set(['runc', 'crun']),
    logDrivers: new Map([['json-file', new Set(['max-size'])]]),
    volumes,
    quotas: noQuotas(),
    findContainer: async () => await Promise.reject(new Error('there is no other container')),
    findNetwork: async (name) => ({ name, driver: 'bridge' }),
  };
}

function makeRecord(id: string, prepared: Awaited<ReturnType<typeof prepareContainer>>): ContainerRecord {
  const { config, hostConfig, endpoints, path, args, mounts, runtime } = prepared;
  return {
    id,
    name: id.slice(0, 12),
    created: '0',
    imageId: EMPTY_IMAGE.id,
    imageReference: 'busybox',
    manifestDigest: EMPTY_IMAGE.manifestDigest,
    manifestSize: 1,
    manifestType: 'application/vnd.oci.image.manifest.v1+json',
    chainId: '',
    platform: EMPTY_IMAGE.platform,
    ...{ config, hostConfig, endpoints, path, args, mounts, runtime },
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: '',
      finishedAt: '',
      restartCount: 0,
      manuallyStopped: false,
    },
  };
}

async function collect(child: ChildProcess): Promise<RunResult> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
