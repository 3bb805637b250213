import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findContainerd, identify, isAlive, signalProcess } from './process-identity.ts';

test('a process is itself until it ends; another with its number gets no signal', async () => {
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const identity = await identify(child.pid as number);
  assert.ok(identity);
  assert.equal(await isAlive(identity), true);
  const recycled = { ...identity, startTime: '1' };
  assert.equal(await signalProcess(recycled, 'SIGKILL'), false);
  assert.equal(await isAlive(identity), true);
  assert.equal(await signalProcess(identity, 'SIGKILL'), true);
  await once(child, 'exit');
  assert.equal(await isAlive(identity), false);
  assert.equal(await signalProcess(identity, 'SIGKILL'), false);
});

test('a pid file of nonsense, of a stranger, or none leads to no containerd', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-pid-'));
  try {
    const pidFile = join(directory, 'pid');
    const config = join(directory, 'config.toml');
    for (const text of ['', '-1', '0', '1', 'x', `${process.pid}`, '99999999999999']) {
      await writeFile(pidFile, text);
      assert.equal(await findContainerd(pidFile, config), undefined, text);
    }
    await rm(pidFile);
    assert.equal(await findContainerd(pidFile, config), undefined);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
