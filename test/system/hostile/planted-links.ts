import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '@pouch/base';
import type { TestDaemon } from '../../harness/test-daemon.ts';
import { pax, tar } from './tar-bytes.ts';

const TAR = { 'Content-Type': 'application/x-tar' };
const SECRET = 'the-secret-of-the-host';

/** What a container's archive gives for a path, or its refusal. */
async function copyOut(daemon: TestDaemon, path: string): Promise<{ status: number; text: string }> {
  return await daemon.api('GET', `/containers/planter/archive?path=${encodeURIComponent(path)}`);
}

/** A running container plants links, and swaps them while files are copied: nothing of the host is read or written. */
export async function plantedLinks(daemon: TestDaemon): Promise<void> {
  const host = join(daemon.directory, 'host-secret');
  mkdirSync(host, { recursive: true });
  writeFileSync(join(host, 'secret'), SECRET);
  const swap = `mkdir -p /w/real; echo harmless > /w/real/secret; ln -s ${host} /w/abs; ln -s ../../../../../../..${host} /w/rel;
    ln -s /proc/1/root /w/root; ln -s loop /w/loop; mkfifo /w/fifo; ln -s /proc/self/fd /w/fd; touch /w/planted;
    while :; do ln -sfn ${host} /w/swap; ln -sfn real /w/swap; rm -rf /w/d; mkdir /w/d; rm -rf /w/d; ln -s ${host} /w/d; done`;
  await daemon.ok('POST', '/containers/create?name=planter', { Image: 'busybox', Cmd: ['sh', '-c', swap] });
  await daemon.ok('POST', '/containers/planter/start');
  try {
    while ((await copyOut(daemon, '/w/planted')).status !== 200) await sleep(20);
    for (const path of ['/w/abs/secret', '/w/rel/secret', `/w/root${host}/secret`, '/w/loop/x']) {
      const { status, text } = await copyOut(daemon, path);
      assert.ok(status >= 400 && status < 500, `${path}: ${status} ${text.slice(0, 200)}`);
      assert.ok(!text.includes(SECRET));
    }
    // A FIFO and links are copied as what they are: nobody waits for a writer, and nobody goes in a circle.
    for (const path of ['/w/fifo', '/w/loop']) assert.equal((await copyOut(daemon, path)).status, 200, path);
    for (let round = 0; round < 20; round += 1) {
      const [out, into, through] = await Promise.all([
        copyOut(daemon, round % 2 ? '/w/swap/secret' : '/w/d'),
        daemon.api('PUT', '/containers/planter/archive?path=/w/swap', tar({ name: `in${round}`, body: 'x' }), TAR),
        daemon.api('PUT', '/containers/planter/archive?path=/w', tar({ name: `d/in${round}`, body: 'x' }), TAR),
      ]);
      for (const { status, text } of [out, into, through]) {
        assert.ok(status < 500, `${status} ${text.slice(0, 300)}`);
        assert.ok(!text.includes(SECRET), 'a file of the host was read');
      }
    }
    assert.deepEqual(readdirSync(host), ['secret'], 'a file was written on the host');
  } finally {
    await daemon.ok('DELETE', '/containers/planter?force=1');
  }
}

/** Archives that try to leave the directory that they are copied into; what is left of them stays in the container. */
export async function escapingArchives(daemon: TestDaemon): Promise<void> {
  const target = join(daemon.directory, 'escape-target');
  mkdirSync(target, { recursive: true });
  const archives = {
    'an absolute name': tar({ name: `${target}/a`, body: 'x' }),
    'through an absolute link': tar({ name: 'out', type: '2', link: target }, { name: 'out/b', body: 'x' }),
    'through a relative link': tar(
      { name: 'rel', type: '2', link: `../../../../..${target}` },
      { name: 'rel/c', body: 'x' },
    ),
    'through /proc': tar({ name: 'proc', type: '2', link: '/proc/self/cwd' }, { name: 'proc/d', body: 'x' }),
    'a link replaced by a directory': tar(
      { name: 'l', type: '2', link: target },
      { name: 'l', type: '5' },
      { name: 'l/e', body: 'x' },
    ),
    'a hard link to a link': tar(
      { name: 'h', type: '2', link: `${target}/f` },
      { name: 'i', type: '1', link: 'h' },
      { name: 'i', body: 'x' },
    ),
    'a device': tar({ name: 'disk', type: '4', device: [8, 0] }),
    'a FIFO': tar({ name: 'pipe', type: '6' }, { name: 'pipe', body: 'x' }),
    'the same name five times': tar(
      ...Array.from({ length: 5 }, (_, index) => ({ name: 'same', body: String(index) })),
    ),
    '1,250 levels': tar(pax({ path: `${'dir/'.repeat(1250)}b` }), { name: 'deep', body: 'x' }),
  };
  for (const [name, body] of Object.entries(archives)) {
    const { status, text } = await daemon.api('PUT', '/containers/victim/archive?path=/home', body, TAR);
    assert.ok(status === 200 || (status >= 400 && status < 500), `${name}: ${status} ${text}`);
    assert.deepEqual(readdirSync(target), [], name);
  }
  assert.ok(!existsSync(join(daemon.directory, 'escaped')));
}
