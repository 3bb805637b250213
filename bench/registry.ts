import { createHash } from 'node:crypto';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec, sleep } from '@pouch/base';
import type { Peer } from './peer.ts';

const REPOSITORY = 'bench/layers';
/** Another than before where what is published has changed: the cache may have an older one. */
const TAG = '2';
export const PULL_IMAGE = `${REPOSITORY}:${TAG}`;
const LAYERS = 4;
/** Bytes of each layer before compression; with a Debian's files some 71 MB after it. */
const LAYER_SIZE = 270_000_000;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Debian's docker-registry over one directory, once for each peer's network. */
export class BenchRegistry implements AsyncDisposable {
  readonly #directory: string;
  readonly #children: ChildProcess[] = [];

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  async serve(port: number, wrap: Peer['wrap']): Promise<void> {
    const config = join(this.#directory, 'config.yml');
    writeFileSync(
      config,
      `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${this.#directory}/data}}\nhttp: {addr: '127.0.0.1:${port}'}\n`,
    );
    const [program = '', ...args] = wrap(['docker-registry', 'serve', config]);
    this.#children.push(spawn(program, args, { stdio: 'ignore' }));
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const [probe = '', ...rest] = wrap(['curl', '-sf', `http://127.0.0.1:${port}/v2/`]);
      if ((await exec(probe, rest, { allowFailure: true })).code === 0) return;
      await sleep(50);
    }
    throw new Error('docker-registry does not answer');
  }

  /**
   * The image for the pull, made of this host's own files, and put straight into the registry's storage through its API.
   * Resolves with its layers' bytes.
   */
  async publish(port: number): Promise<number> {
    const published = `data/docker/registry/v2/repositories/${REPOSITORY}/_manifests/tags/${TAG}`;
    if (!existsSync(join(this.#directory, published))) await this.#make(port);
    const manifest = JSON.parse(readFileSync(join(this.#directory, 'manifest.json'), 'utf8')) as {
      layers: Descriptor[];
    };
    return manifest.layers.reduce((total, { size }) => total + size, 0);
  }

  async #make(port: number): Promise<void> {
    const files = listFiles('/usr');
    const layers: Descriptor[] = [];
    const diffIds: string[] = [];
    for (let layer = 0; layer < LAYERS; layer += 1) {
      const list = join(this.#directory, `files-${layer}`);
      const tar = join(this.#directory, `layer-${layer}.tar`);
      writeFileSync(list, takeLayer(files).join('\n'));
      await exec('tar', ['--no-recursion', '-cf', tar, '-C', '/', '-T', list], {
        timeout: 300_000,
        allowFailure: true,
      });
      diffIds.push(`sha256:${await sha256(tar)}`);
      await exec('pigz', ['-6', '-n', '-f', tar], { timeout: 300_000 });
      layers.push(await this.#upload(port, `${tar}.gz`, 'application/vnd.oci.image.layer.v1.tar+gzip'));
    }
    const config = {
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    };
    writeFileSync(join(this.#directory, 'config.json'), JSON.stringify(config));
    const configDescriptor = await this.#upload(
      port,
      join(this.#directory, 'config.json'),
      'application/vnd.oci.image.config.v1+json',
    );
    const type = 'application/vnd.oci.image.manifest.v1+json';
    writeFileSync(
      join(this.#directory, 'manifest.json'),
      JSON.stringify({ schemaVersion: 2, mediaType: type, config: configDescriptor, layers }),
    );
    await exec('curl', [
      '-sfX',
      'PUT',
      '-H',
      `Content-Type: ${type}`,
      '--data-binary',
      `@${this.#directory}/manifest.json`,
      `http://127.0.0.1:${port}/v2/${REPOSITORY}/manifests/${TAG}`,
    ]);
  }

  async #upload(port: number, path: string, mediaType: string): Promise<Descriptor> {
    const digest = `sha256:${await sha256(path)}`;
    const base = `http://127.0.0.1:${port}`;
    const { stdout } = await exec('curl', ['-sfX', 'POST', '-D', '-', `${base}/v2/${REPOSITORY}/blobs/uploads/`]);
    const location = new URL(/^location:\s*(\S+)/im.exec(stdout)?.[1] ?? '', base);
    location.searchParams.set('digest', digest);
    await exec('curl', ['-sfT', path, '-H', 'Content-Type: application/octet-stream', location.href], {
      timeout: 300_000,
    });
    return { mediaType, digest, size: statSync(path).size };
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGTERM');
    return Promise.resolve();
  }
}

async function sha256(path: string): Promise<string> {
  if (statSync(path).size < 1 << 20) return createHash('sha256').update(readFileSync(path)).digest('hex');
  return (await exec('sha256sum', [path], { timeout: 120_000 })).stdout.slice(0, 64);
}

/** Regular files, in a fixed order. */
function listFiles(root: string): string[] {
  const found: string[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile() && !entry.name.includes('\n')) found.push(path);
    }
  };
  visit(root);
  return found;
}

function takeLayer(files: string[]): string[] {
  const taken: string[] = [];
  for (let size = 0; size < LAYER_SIZE && files.length > 0; ) {
    const file = files.shift() as string;
    const bytes = statSync(file).size;
    if (bytes > 20_000_000) continue;
    size += bytes + 512;
    taken.push(file.slice(1));
  }
  return taken;
}
