import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { discoverPlugins } from './plugin-discovery.ts';
import { PluginDriver } from './plugin-driver.ts';
import { PluginServer } from './plugin-server.testkit.ts';
import { testVolumeDriver } from './volume-driver.testsuite.ts';
import { VolumeDrivers } from './volume-drivers.ts';

testVolumeDriver('plugin', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-plugin-'));
  const server = await PluginServer.listen(join(directory, 'acme.sock'), directory);
  const open = (): PluginDriver => new PluginDriver({ name: 'acme', socketPath: join(directory, 'acme.sock') });
  return {
    driver: open(),
    reopen: open,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
});

test('plugins are found by socket, spec and JSON file; a broken file hides no other', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-plugin-'));
  try {
    await mkdir(join(directory, 'run/nested'), { recursive: true });
    await mkdir(join(directory, 'etc'));
    await writeFile(join(directory, 'run/flat.sock'), '');
    await writeFile(join(directory, 'run/nested/nested.sock'), '');
    await writeFile(join(directory, 'etc/remote.spec'), 'tcp://127.0.0.1:9000\n');
    await writeFile(join(directory, 'etc/broken.spec'), 'nonsense');
    await writeFile(join(directory, 'etc/flat.spec'), 'tcp://127.0.0.1:1');
    await writeFile(
      join(directory, 'etc/secure.json'),
      JSON.stringify({
        Name: 'secure',
        Addr: 'https://plugin:443',
        TLSConfig: { InsecureSkipVerify: true, CAFile: '/ca' },
      }),
    );
    const found = await discoverPlugins({
      sockets: [join(directory, 'run')],
      specs: [join(directory, 'etc'), '/none'],
    });
    assert.deepEqual(
      found.map(({ name, socketPath, url, tls }) => [
        name,
        socketPath?.slice(directory.length),
        url?.href,
        tls?.caFile,
      ]),
      [
        ['flat', '/run/flat.sock', undefined, undefined],
        ['nested', '/run/nested/nested.sock', undefined, undefined],
        ['remote', undefined, 'http://127.0.0.1:9000/', undefined],
        ['secure', undefined, 'https://plugin/', '/ca'],
      ],
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a plugin's errors are told in its own words; one that is not there is unavailable", async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-plugin-'));
  await using server = await PluginServer.listen(join(directory, 'p.sock'), directory);
  const driver = new PluginDriver({ name: 'p', socketPath: join(directory, 'p.sock') });
  await assert.rejects(driver.create('v', { bad: '1' }), /VolumeDriver\.Create: bad option/);
  assert.equal(server.calls[0], 'Plugin.Activate');
  assert.equal(await driver.scope(), 'global');
  const gone = new PluginDriver({ name: 'gone', socketPath: join(directory, 'gone.sock') });
  await assert.rejects(gone.list(), (error) => isErrorCode(error, 'unavailable'));
  const drivers = new VolumeDrivers([], { sockets: [directory], specs: [] });
  assert.deepEqual(await drivers.names(), ['p']);
  await assert.rejects(drivers.get('x'), /error looking up volume plugin x: plugin "x" not found/);
  await rm(directory, { recursive: true });
});

test('hostile answers are refused: no JSON, no object, a path that is none', async () => {
  let answer = '';
  const server = createServer((request, response) => {
    const isActivation = request.url === '/Plugin.Activate';
    response.end(isActivation ? '{"Implements":["VolumeDriver"]}' : answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const driver = new PluginDriver({ name: 'odd', url: new URL(`http://127.0.0.1:${port}`) });
    for (const text of ['<html>', '[]', 'null', '{"Mountpoint":"relative"}', '{"Mountpoint":7}']) {
      answer = text;
      await assert.rejects(driver.mount('v', 'c'), (error) => isErrorCode(error, 'upstream'), text);
    }
    answer = '{"Volumes":[null,7,{"Name":""},{"Name":"ok","Mountpoint":3}]}';
    assert.deepEqual(await driver.list(), [{ name: 'ok', path: '' }]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
