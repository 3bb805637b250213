/**
 * `node installed-programs.ts BIN LIB RUNTIME_LIB`: writes `pouchd` and `pouch` into the directory BIN. RUNTIME_LIB is where
 * LIB will be found when they run; it differs from LIB when files are laid out for a package.
 */
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { writeDaemonLauncher, writeLauncher } from './daemon.ts';
import { ROOT } from './inputs.ts';

const [bin = '', lib = '', runtimeLib = ''] = process.argv.slice(2);
if (bin === '' || lib === '' || runtimeLib === '') throw new Error('usage: installed-programs.ts BIN LIB RUNTIME_LIB');
const node = join(runtimeLib, 'node');
mkdirSync(bin, { recursive: true });
writeDaemonLauncher(join(bin, 'pouchd'), node, join(runtimeLib, 'pouchd.cjs'));
const built = join(ROOT, 'dist/pouch');
if (isExecutable(built)) {
  const target = join(bin, 'pouch');
  copyFileSync(built, `${target}.new`);
  chmodSync(`${target}.new`, 0o755);
  renameSync(`${target}.new`, target);
} else {
  await bundleCli();
}

/** What was built without Bun is a script that needs this clone; what is installed must not. */
async function bundleCli(): Promise<void> {
  await build({
    entryPoints: [join(ROOT, 'packages/cli/src/main.ts')],
    outfile: join(lib, 'pouch.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: "import{createRequire as $r}from'node:module';const require=$r(import.meta.url);" },
  });
  writeLauncher(join(bin, 'pouch'), [node, join(runtimeLib, 'pouch.mjs')]);
}

function isExecutable(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    readSync(file, magic);
    return magic.equals(Buffer.from('\x7fELF'));
  } finally {
    closeSync(file);
  }
}
