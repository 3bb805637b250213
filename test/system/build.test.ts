import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { TestDaemon } from '../harness/test-daemon.ts';

const DIST = resolve(import.meta.dirname, '../../dist');
const skip = existsSync(join(DIST, 'pouchd')) ? false : 'nothing is built (npm run build)';

let daemon: TestDaemon;
let built: ChildProcess;

/** The built daemon takes the place of the one from the sources, whose image and directories it takes over. */
before(async () => {
  if (skip !== false) return;
  daemon = await TestDaemon.start();
  await daemon.down();
  const log = openSync(join(daemon.directory, 'built.log'), 'a');
  built = spawn(join(DIST, 'pouchd'), daemon.flags(), { stdio: ['ignore', log, log], detached: true });
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (
      await daemon.api('GET', '/_ping').then(
        ({ status }) => status === 200,
        () => false,
      )
    )
      return;
    if (built.exitCode !== null) break;
    await sleep(50);
  }
  assert.fail(readFileSync(join(daemon.directory, 'built.log'), 'utf8'));
});

after(async () => {
  if (skip !== false) return;
  const gone = once(built, 'exit');
  if (built.kill('SIGTERM')) await gone;
  await daemon[Symbol.asyncDispose]();
});

async function pouch(...args: string[]): Promise<string> {
  const env = { POUCH_HOST: `unix://${daemon.socket}`, HOME: daemon.directory, PATH: process.env['PATH'] ?? '' };
  return (await exec(join(DIST, 'pouch'), args, { env, timeout: 60_000 })).stdout;
}

test('what is built runs a container', { skip }, async () => {
  assert.equal(await pouch('run', '--rm', 'busybox', 'echo', 'built'), 'built\n');
});

test('the thread that looks into containers starts out of its own bundle', { skip }, async () => {
  const source = join(daemon.directory, 'in.txt');
  writeFileSync(source, 'there and back\n');
  await pouch('create', '--name', 'copies', 'busybox');
  await pouch('cp', source, 'copies:/tmp/in.txt');
  await pouch('cp', 'copies:/tmp/in.txt', join(daemon.directory, 'out.txt'));
  assert.equal(readFileSync(join(daemon.directory, 'out.txt'), 'utf8'), 'there and back\n');
  await pouch('rm', 'copies');
});

test('layers are unpacked by the thread that travels as text', { skip }, async () => {
  const archive = join(daemon.directory, 'saved.tar');
  await pouch('save', '-o', archive, 'busybox');
  await pouch('rmi', 'busybox');
  await pouch('load', '-i', archive);
  assert.equal(await pouch('run', '--rm', 'busybox', 'echo', 'loaded'), 'loaded\n');
});

test('idle, it takes no more memory than it promises', { skip }, () => {
  const status = readFileSync(`/proc/${built.pid}/status`, 'utf8');
  const resident = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  assert.ok(resident > 0 && resident < 130_000, `${resident} kB`);
});
