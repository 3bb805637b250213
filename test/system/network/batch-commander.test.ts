import assert from 'node:assert/strict';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec, isErrorCode } from '@pouch/base';
import { BatchCommander, NetnsDirectory, readShaped, shapeDevice } from '@pouch/linux';

const directory = mkdtempSync(join(tmpdir(), 'pouch-batch-'));
const spaces = new NetnsDirectory(directory);
let netns = '';

before(async () => {
  netns = await spaces.create('batch', [
    'link set dev lo up',
    'link add v0 type veth peer name v1',
    'link set dev v0 up',
  ]);
});
after(async () => {
  await spaces.remove(['batch']);
  rmdirSync(directory);
});

test('tc stays for many requests, tells which command failed, and goes on after it', async () => {
  await using tc = new BatchCommander('tc', { netns });
  const bucket = 'root tbf rate 10mbit burst 16k latency 50ms';
  await Promise.all([tc.run([`qdisc replace dev v0 ${bucket}`]), tc.run([`qdisc replace dev v1 ${bucket}`])]);
  const failed = await tc.tryRun([`qdisc replace dev nope ${bucket}`, 'qdisc del dev v0 root', 'qdisc nonsense']);
  assert.match(failed.get(0) ?? '', /Cannot find device/);
  assert.equal(failed.get(1), undefined);
  assert.match(failed.get(2) ?? '', /is unknown/);
  await assert.rejects(tc.run(['qdisc del dev v0 root']), (error) => isErrorCode(error, 'internal'));
  await tc.run(['qdisc del dev v1 root']);
});

test('a device that was made anew under its old name is limited all the same', async () => {
  // In the host's own namespace, as shapeDevice falls back on programs there.
  const device = `bc${process.pid}`;
  const mirror = `bm${process.pid}`;
  await using ip = new BatchCommander('ip');
  await using tc = new BatchCommander('tc');
  const rate = { bits: 8e6, burst: 16_384 };
  try {
    for (let round = 0; round < 2; round += 1) {
      await exec('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', `${device}x`]);
      await shapeDevice({ device, mirror, ingress: rate, egress: rate }, { ip, tc });
      for (const name of [device, mirror]) assert.equal((await readShaped(name))?.dropped, 0, name);
      const { stdout } = await exec('tc', ['filter', 'show', 'dev', device, 'ingress']);
      assert.match(stdout, new RegExp(`Egress Redirect to device ${mirror}`));
      await exec('ip', ['link', 'delete', device]);
      await exec('ip', ['link', 'delete', mirror]);
    }
  } finally {
    for (const name of [device, mirror]) await exec('ip', ['link', 'delete', name], { allowFailure: true });
  }
});
