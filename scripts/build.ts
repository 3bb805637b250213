/**
 * Builds what runs: the TypeScript of proto/, `dist/pouchd` with its bundle in dist/lib, and `dist/pouch`. Each part is left
 * alone while nothing that it is made from has changed. `--force` builds everything; `--check` builds nothing and ends with 1
 * when something would be built.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildCli } from '../packages/cli/build.ts';
import { buildDaemon, NODE_FLAGS } from './build/daemon.ts';
import { hashInputs, type Inputs, isCurrent, markCurrent, ROOT } from './build/inputs.ts';
import { nodeExecutable } from './build/node-executable.ts';

const DIST = join(ROOT, 'dist');
const force = process.argv.includes('--force');
const check = process.argv.includes('--check');

interface Part extends Inputs {
  readonly output: string;
  build(): Promise<void> | void;
}

const commit = gitCommit();
const installed = installedPackages();
const parts: readonly Part[] = [
  {
    output: join(DIST, 'pouchd'),
    patterns: [
      'packages/{base,api,linux,oci,grpc,containerd,buildkit,registry,engine,server,pouchd}/src/**/*.ts',
      'scripts/build/*.ts',
    ],
    facts: [ROOT, nodeExecutable(), commit, installed, NODE_FLAGS.join(' ')],
    build: async () => await buildDaemon(DIST, commit),
  },
  {
    output: join(DIST, 'pouch'),
    patterns: ['packages/{base,grpc,api,client,builder,compose,cli}/src/**/*.ts', 'packages/cli/build.ts'],
    facts: [ROOT, installed],
    build: () => void buildCli(join(DIST, 'pouch')),
  },
];

if (!check) execFileSync(process.execPath, [join(ROOT, 'scripts/generate.ts')], { stdio: 'inherit' });
for (const part of parts) await makePart(part);

async function makePart(part: Part): Promise<void> {
  const name = part.output.slice(ROOT.length + 1);
  const hash = hashInputs(part);
  if (!force && existsSync(part.output) && isCurrent(part.output, hash)) {
    console.log(`${name}: up to date`);
    return;
  }
  if (check) {
    console.log(`${name}: to be built`);
    process.exitCode = 1;
    return;
  }
  const start = performance.now();
  await part.build();
  markCurrent(part.output, hash);
  console.log(`${name}: built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** The commit that is checked out, shortened; empty outside of a git clone. */
function gitCommit(): string {
  try {
    // A clone of another user's, as it is under sudo, is safe to ask for its commit.
    return execFileSync('git', ['-c', `safe.directory=${ROOT}`, 'rev-parse', '--short', 'HEAD'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

/** What npm installed: a bundle holds some of it. */
function installedPackages(): string {
  try {
    return readFileSync(join(ROOT, 'node_modules/.package-lock.json'), 'utf8');
  } catch {
    return '';
  }
}
