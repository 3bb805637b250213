import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sleep } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { makeClient } from '../registry/fixtures.ts';
import { RealRegistry } from '../registry/real-registry.ts';
import { layerBlob, putImage } from './registry-images.ts';
import { ThrottlingProxy } from './throttling-proxy.ts';

const MB = 1_000_000;
/** Bytes that a kill may lose: what was in sockets, in the proxy, and gathered but not yet written. */
const LOST = 12 * MB;

test('a pull that kill -9 interrupts goes on after the restart with what it has', async () => {
  await using registry = await RealRegistry.start();
  await using proxy = await ThrottlingProxy.start(registry.port);
  await using daemon = await TestDaemon.start([], { image: false });
  using client = makeClient();
  const layers = [layerBlob('large', 90 * MB), layerBlob('small', 20 * MB)];
  await putImage(client, `${registry.domain}/big:1`, layers);
  const total = layers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const path = `/images/create?fromImage=${proxy.domain}/big&tag=1`;

  proxy.rate = 20 * MB;
  const broken = daemon.api('POST', path).then(
    ({ text }) => assert.doesNotMatch(text, /Status: Downloaded/),
    () => {},
  );
  while (proxy.received < 60 * MB) await sleep(20);
  await daemon.down('SIGKILL');
  await broken;
  const before = proxy.received;
  assert.ok(before < total, 'it was over before the kill');

  proxy.rate = 0;
  await daemon.up();
  const { text } = await daemon.ok('POST', path);
  assert.match(text, /Status: Downloaded newer image/);
  const again = proxy.received - total;
  assert.ok(again < LOST, `${again} bytes were fetched twice`);
  const image = (await daemon.ok('GET', `/images/${proxy.domain}/big:1/json`)).json as { RootFS: { Layers: string[] } };
  assert.deepEqual(
    image.RootFS.Layers,
    layers.map(({ descriptor }) => descriptor.digest),
  );
  const left = readdirSync(join(daemon.directory, 'root'), { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((name) => name.endsWith('.partial')),
    [],
  );
});

test('a pull whose client goes stops, and the next goes on', async () => {
  await using registry = await RealRegistry.start();
  await using proxy = await ThrottlingProxy.start(registry.port, 10 * MB);
  await using daemon = await TestDaemon.start([], { image: false });
  using client = makeClient();
  const layer = layerBlob('layer', 30 * MB);
  await putImage(client, `${registry.domain}/gone:1`, [layer]);
  const path = `/images/create?fromImage=${proxy.domain}/gone&tag=1`;
  const pull = daemon.pouch(['pull', `${proxy.domain}/gone:1`], { allowFailure: true, timeout: 2000 });
  while (proxy.received < 8 * MB) await sleep(20);
  await pull;
  await sleep(500);
  const stopped = proxy.received;
  await sleep(500);
  assert.ok(proxy.received - stopped < MB, 'the transfer went on for nobody');
  assert.ok(stopped < layer.bytes.length);
  proxy.rate = 0;
  await daemon.ok('POST', path);
  assert.ok(proxy.received - layer.bytes.length < LOST, `${proxy.received} bytes for ${layer.bytes.length}`);
});
