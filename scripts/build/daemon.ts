import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { shellWord } from '@pouch/base';
import { ROOT } from './inputs.ts';
import { nodeExecutable } from './node-executable.ts';
import { workerEntries } from './worker-entries.ts';

/** The files of the bundle: each starts a thread of pouchd, the first one its main thread, or a process of its own. */
const ENTRIES = {
  pouchd: join(ROOT, 'packages/pouchd/src/main.ts'),
  'file-thread': join(ROOT, 'packages/engine/src/container/filesystem/worker/thread.ts'),
  'layer-thread': join(ROOT, 'packages/engine/src/image/unpack/thread/thread.ts'),
  'ssh-process': join(ROOT, 'packages/engine/src/container/ssh/process/main.ts'),
  'ssh-netns': join(ROOT, 'packages/engine/src/container/ssh/process/netns-helper.ts'),
} as const;

/**
 * Bundle pouchd into `directory`/lib, and write `directory`/pouchd that runs it. Names of functions stay, so that a stack in
 * a log says something; the source map is beside the bundle and is never loaded by the daemon.
 */
export async function buildDaemon(directory: string, commit: string): Promise<void> {
  const fresh = join(directory, `lib.${process.pid}`);
  try {
    await build({
      entryPoints: { ...ENTRIES },
      outdir: fresh,
      outExtension: { '.js': '.cjs' },
      bundle: true,
      platform: 'node',
      // Importing node:http as an ES module reads every export of it, some of which load all of undici.
      format: 'cjs',
      target: 'node24',
      minifyWhitespace: true,
      minifySyntax: true,
      treeShaking: true,
      sourcemap: 'external',
      // Native parts that ssh2 can do without.
      external: ['*.node', 'cpu-features'],
      legalComments: 'none',
      logLevel: 'warning',
      banner: { js: "const $url=require('node:url').pathToFileURL(__filename).href;" },
      define: {
        'import.meta.url': '$url',
        'process.env.POUCH_GIT_COMMIT': JSON.stringify(commit),
      },
      plugins: [workerEntries(ENTRIES)],
    });
    const target = join(directory, 'lib');
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  writeDaemonLauncher(join(directory, 'pouchd'), nodeExecutable(), join(directory, 'lib/pouchd.cjs'));
}

/** Flags of Node.js that pouchd runs with; docs/adr/0010 has what each is worth. */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=2', '--expose-gc'];

/** glibc's settings for pouchd, which keeps them from its children: one arena, whose free end goes back to the kernel. */
const MALLOC_SETTINGS = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };

/** The script that starts pouchd's bundle. */
export function writeDaemonLauncher(path: string, node: string, bundle: string): void {
  const settings = Object.entries(MALLOC_SETTINGS).map(([name, value]) => `export ${name}=${value}\n`);
  writeLauncher(path, [node, ...NODE_FLAGS, bundle], settings.join(''));
}

/** A script that runs a command with what it is given. It takes an older one's place in one step. */
export function writeLauncher(path: string, command: readonly string[], before = ''): void {
  const text = `#!/bin/sh\n${before}exec ${command.map(shellWord).join(' ')} "$@"\n`;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  chmodSync(temporary, 0o755);
  renameSync(temporary, path);
}
