import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { identifyProcess, isAlive, listChildren, parseProcessStat, signalProcess } from './proc.ts';

test('a command name with brackets and spaces does not shift the fields', () => {
  const rest = ['S', '7', ...Array.from({ length: 17 }, () => '0'), '4242', '0'].join(' ');
  const stat = parseProcessStat(`12 (a) (b c) ${rest}`);
  assert.equal(stat?.command, 'a) (b c');
  assert.equal(stat?.parentPid, 7);
  assert.equal(stat?.startTicks, '4242');
});

test('a process is known again, and not confused with a later one of the same pid', async () => {
  const child = spawn('sleep', ['30']);
  const identity = await identifyProcess(child.pid as number);
  assert.ok(identity);
  assert.ok(await isAlive(identity));
  assert.ok((await listChildren(process.pid)).includes(child.pid as number));
  assert.equal(await isAlive({ ...identity, startTicks: '1' }), false);
  assert.equal(await signalProcess({ ...identity, startTicks: '1' }, 'SIGKILL'), false);
  assert.equal(await signalProcess(identity, 'SIGKILL'), true);
  await once(child, 'exit');
  assert.equal(await isAlive(identity), false);
});
