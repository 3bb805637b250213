import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exec } from '@pouch/base';
import { pluginResult, pluginScript } from './step-network-plugin.ts';

const root = process.getuid?.() === 0;

test('each step gets a network of its own, and gives it back', {
  skip: root ? false : 'mounting needs root',
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), "pouch plugin's-"));
  try {
    for (const name of ['bin', 'free', 'used', 'released', 'netns']) mkdirSync(join(directory, name));
    for (const name of ['pouch', 'loopback']) {
      writeFileSync(join(directory, 'bin', name), pluginScript(directory));
      chmodSync(join(directory, 'bin', name), 0o700);
    }
    for (const name of ['a', 'b']) {
      writeFileSync(join(directory, 'netns', name), name);
      const result = JSON.stringify(pluginResult({ address: `10.0.0.${name}`, prefix: 16, gateway: '10.0.0.1' }));
      writeFileSync(join(directory, 'free', name), `${name}\n${join(directory, 'netns', name)}\n${result}\n`);
    }
    const call = async (command: string, id: string, program = 'pouch') => {
      const netns = join(directory, `ns-${id}`);
      if (command === 'ADD') writeFileSync(netns, '');
      const env = { CNI_COMMAND: command, CNI_CONTAINERID: id, CNI_NETNS: netns, CNI_IFNAME: 'eth0' };
      return (await exec(join(directory, 'bin', program), [], { env, input: '{}' })).stdout;
    };
    assert.match(await call('VERSION', 'x'), /supportedVersions/);
    assert.match(await call('ADD', 'one', 'loopback'), /"name":"lo"/);
    const answers = await Promise.all([call('ADD', 'one'), call('ADD', 'two')]);
    const addresses = answers.map((text) =>
      String((JSON.parse(text) as { ips: { address: string }[] }).ips[0]?.address),
    );
    assert.deepEqual(addresses.toSorted(), ['10.0.0.a/16', '10.0.0.b/16']);
    assert.deepEqual(readdirSync(join(directory, 'used')).toSorted(), ['one', 'two']);
    assert.equal(await call('DEL', 'two'), '');
    assert.equal(await call('DEL', 'two'), '');
    assert.equal(await call('DEL', 'one'), '');
    assert.deepEqual(readdirSync(join(directory, 'released')).toSorted(), ['one', 'two']);
    assert.deepEqual(readdirSync(join(directory, 'used')), []);
    const { stdout } = await exec('cat', ['/proc/self/mounts']);
    assert.ok(!stdout.includes(directory.replaceAll(' ', '\\040')));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
