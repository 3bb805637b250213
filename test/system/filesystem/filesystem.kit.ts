/** Test aid: containers' file systems on real overlay mounts, without containerd; and archives nobody should trust. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, silentLogger, sleep } from '@pouch/base';
import { unmountTree } from '@pouch/linux';
import type { Container } from '../../../packages/engine/src/container/container.ts';
import {
  ContainerFilesystem,
  type ContainerFilesystemDependencies,
} from '../../../packages/engine/src/container/filesystem/index.ts';

const BUSYBOX = '/bin/busybox';

export function missing(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  return existsSync(BUSYBOX) ? false : `needs ${BUSYBOX}`;
}

export interface TestMount {
  readonly Type: 'bind';
  readonly Source: string;
  readonly Destination: string;
  readonly RW: boolean;
}

/** One container on layers of its own, its file system and a place outside that must never change. */
export class Fixture implements AsyncDisposable {
  readonly directory: string;
  readonly filesystem: ContainerFilesystem;
  readonly container: Container;
  readonly mounts: TestMount[] = [];
  readonly hostConfig: Record<string, unknown> = {};
  readonly config: Record<string, unknown> = {};
  #process: ChildProcess | undefined;
  readonly #state = { pid: 0, status: 'exited' };

  private constructor(directory: string) {
    this.directory = directory;
    const mounts = [
      {
        type: 'overlay',
        source: 'overlay',
        options: [
          `lowerdir=${this.path('lower2')}:${this.path('lower1')}`,
          `upperdir=${this.path('upper')}`,
          `workdir=${this.path('work')}`,
        ],
      },
    ];
    const snapshots = {
      mounts: async () => mounts,
      usage: async (key: string) => ({ size: { id: 5, one: 20, two: 300 }[key.slice(0, 3)] ?? 5, inodes: 1 }),
      stat: async (key: string) => ({ parent: { one: 'two', two: '' }[key] ?? 'one' }),
    };
    const dependencies = { containerd: { snapshots }, volumes: {}, logger: silentLogger };
    this.filesystem = new ContainerFilesystem(
      { mountRoot: this.path('mounts') },
      dependencies as unknown as ContainerFilesystemDependencies,
    );
    const { config, hostConfig, mounts: own } = this;
    const state = this.#state;
    this.container = {
      id: 'c0ffee'.repeat(10),
      snapshotKey: 'c0ffee'.repeat(10),
      record: { id: 'c0ffee', name: 'box', config, hostConfig, mounts: own, state },
      get state() {
        return state;
      },
      get live() {
        return state.pid > 0;
      },
    } as unknown as Container;
  }

  static async make(): Promise<Fixture> {
    const directory = await mkdtemp(join(tmpdir(), 'pouch-fs-'));
    const fixture = new Fixture(directory);
    for (const name of ['lower1/bin', 'lower1/etc', 'lower1/tmp', 'lower2', 'upper', 'work', 'outside']) {
      await mkdir(fixture.path(name), { recursive: true });
    }
    await chmod(directory, 0o755);
    await copyFile(BUSYBOX, fixture.path('lower1/bin/busybox'));
    for (const name of ['sh', 'sleep', 'rm', 'mv', 'ln', 'mkdir'])
      await symlink('busybox', fixture.path('lower1/bin', name));
    return fixture;
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  /** A shell in the container's stead: its own mount namespace, the overlay as its root, and the binds in it. */
  async run(script = 'sleep 1000'): Promise<void> {
    const binds = this.mounts.map(
      ({ Source, Destination }) => `mkdir -p m${Destination} && mount --bind ${Source} m${Destination}`,
    );
    const overlay = `lowerdir=${this.path('lower2')}:${this.path('lower1')},upperdir=${this.path('upper')},workdir=${this.path('work')}`;
    const lines = [
      'mkdir -p m',
      `mount -t overlay overlay -o ${overlay} m`,
      ...binds,
      'echo ready',
      `exec chroot m /bin/sh -c '${script}'`,
    ];
    const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', lines.join('\n')], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sleep(100);
    this.#state.pid = child.pid as number;
    this.#state.status = 'running';
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    this.#state.pid = 0;
    this.#state.status = 'exited';
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** What a container that died left behind: its pid, which may be another process's. */
  claimPid(pid: number): void {
    this.#state.pid = pid;
  }

  async put(
    path: string,
    tar: Uint8Array | AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir?: boolean; copyUIDGID?: boolean; signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.filesystem.putArchive(this.container, path, tar instanceof Uint8Array ? pieces(tar) : tar, {
      noOverwriteDirNonDir: options.noOverwriteDirNonDir ?? false,
      copyUIDGID: options.copyUIDGID ?? false,
      signal: options.signal ?? new AbortController().signal,
    });
  }

  async get(path: string): Promise<Buffer> {
    const { tar } = await this.filesystem.getArchive(this.container, path, new AbortController().signal);
    return await collect(tar);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.filesystem.cleanup();
    await unmountTree(this.directory);
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** In pieces whose edges fall anywhere. */
export async function* pieces(bytes: Uint8Array, size = 7001): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** What GNU tar lists in an archive: `mode owner size name`. */
export async function listing(tar: Uint8Array): Promise<string[]> {
  const { stdout } = await exec('tar', ['-tvP', '--numeric-owner', '--full-time', '--utc', '-f', '-'], { input: tar });
  return stdout.split('\n').filter(Boolean);
}

export interface RawEntry {
  readonly name: string;
  readonly type?: string;
  readonly link?: string;
  readonly body?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly device?: readonly [number, number];
}

/** An archive with exactly these headers, however wicked. */
export function archive(...entries: RawEntry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { name, type = '0', link = '', body = '', mode = 0o644, uid = 0, device = [0, 0] } of entries) {
    const block = Buffer.alloc(512);
    const octal = (value: number, at: number, length: number): void =>
      void block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
    block.write(name, 0, 100, 'latin1');
    octal(mode, 100, 8);
    octal(uid, 108, 8);
    octal(0, 116, 8);
    octal(body.length, 124, 12);
    octal(1_600_000_000, 136, 12);
    block.write('        ', 148, 'latin1');
    block.write(type, 156, 'latin1');
    block.write(link, 157, 100, 'latin1');
    block.write('ustar\u000000', 257, 'latin1');
    octal(device[0], 329, 8);
    octal(device[1], 337, 8);
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    const content = Buffer.from(body, 'latin1');
    blocks.push(block, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
