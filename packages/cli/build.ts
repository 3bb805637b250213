/** Builds `pouch`: one executable by Bun, or a script that runs the sources on Node where Bun is not installed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const entry = join(import.meta.dirname, 'src/main.ts');

export interface CliBuild {
  readonly path: string;
  readonly kind: 'executable' | 'script';
}

/** Build into `out` (default dist/pouch). An older file there is replaced in one step, so it may be running. */
export function buildCli(out: string = join(root, 'dist/pouch')): CliBuild {
  mkdirSync(dirname(out), { recursive: true });
  const temporary = `${out}.${process.pid}.tmp`;
  const bun = findBun();
  const built = bun !== undefined && compile(bun, temporary);
  if (!built) writeFileSync(temporary, wrapper());
  chmodSync(temporary, 0o755);
  renameSync(temporary, out);
  return { path: out, kind: built ? 'executable' : 'script' };
}

/** Bun's own binary: the one on npm needs no install script this way. */
function findBun(): string | undefined {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const names = [`bun-linux-${arch}`, `bun-linux-${arch}-baseline`];
  return names.map((name) => join(root, 'node_modules/@oven', name, 'bin/bun')).find((path) => existsSync(path));
}

function compile(bun: string, out: string): boolean {
  const args = ['build', '--compile', '--minify', '--bytecode', '--format=cjs', entry, '--outfile', out];
  const result = spawnSync(bun, args, { cwd: root, encoding: 'utf8' });
  if (result.status === 0 && existsSync(out)) return true;
  console.error(`bun could not compile the CLI, so it will run on Node:\n${result.stderr}`);
  rmSync(out, { force: true });
  return false;
}

/** Node 24 of this repository where it is installed, else the one on the path. */
function wrapper(): string {
  const own = join(root, 'node_modules/.bin/node');
  return `#!/bin/sh
node='${quote(own)}'
[ -x "$node" ] || node=node
exec "$node" --disable-warning=ExperimentalWarning '${quote(entry)}' "$@"
`;
}

function quote(path: string): string {
  return path.replaceAll("'", "'\\''");
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const built = buildCli(process.argv[2]);
  const size = readFileSync(built.path).length;
  console.log(`${built.path}: ${built.kind}, ${Math.round(size / 1e6)} MB`);
}
