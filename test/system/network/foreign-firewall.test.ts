import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { NetworkFixture } from './network-fixture.ts';
import { inOwnNetns } from './own-netns.ts';

async function has(command: string): Promise<boolean> {
  return (await exec('sh', ['-c', `command -v ${command}`], { allowFailure: true })).code === 0;
}

if (inOwnNetns(import.meta.url)) {
  const iptables = await has('iptables');

  test('containers are reached through an iptables that drops, and its rules end as they were', {
    skip: !iptables,
  }, async () => {
    await exec('sh', [
      '-c',
      'iptables -P FORWARD DROP; iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT; iptables -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT',
    ]);
    const before = (await exec('iptables', ['-S'])).stdout;
    const fixture = await NetworkFixture.start();
    await fixture.manager.create({ Name: 'app' });
    await sleep(500);
    const web = await fixture.manager.attach(
      fixture.request('web', { networkMode: 'app', portBindings: { '80/tcp': [{ HostPort: '8080' }] } }),
    );
    const near = await fixture.manager.attach(fixture.request('near'));
    await fixture.serve(web.netnsPath as string, 80, 'hello');
    assert.equal(await fixture.ask(near.netnsPath, near.networks['bridge']?.Gateway ?? '', 8080), 'hello');
    const { stdout } = await fixture.run(
      web.netnsPath as string,
      'busybox',
      'nslookup',
      'web',
      web.networks['app']?.Gateway ?? '',
    );
    assert.match(stdout, /Address: 172/);
    assert.match((await exec('iptables', ['-S', 'FORWARD'])).stdout, /pxtest0/);
    assert.deepEqual(fixture.manager.warnings(), []);
    await fixture[Symbol.asyncDispose]();
    assert.equal((await exec('iptables', ['-S'])).stdout, before);
    await exec('nft', ['flush', 'ruleset']);
  });

  test('another firewall that drops is named in a warning, and left alone', async () => {
    const rules = 'table inet other {\n chain forward {\n type filter hook forward priority 0; policy drop;\n }\n}\n';
    await exec('nft', ['-f', '-'], { input: rules });
    const before = (await exec('nft', ['list', 'table', 'inet', 'other'])).stdout;
    await using fixture = await NetworkFixture.start();
    await sleep(300);
    assert.match(fixture.manager.warnings()[0] ?? '', /inet other forward drops by default/);
    assert.equal((await exec('nft', ['list', 'table', 'inet', 'other'])).stdout, before);
  });
}
