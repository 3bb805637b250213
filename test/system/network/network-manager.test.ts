import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { NetworkFixture } from './network-fixture.ts';
import { inOwnNetns } from './own-netns.ts';

if (inOwnNetns(import.meta.url)) {
  test('a published port answers from everywhere, and only published ones do', async () => {
    await using fixture = await NetworkFixture.start();
    const { manager } = fixture;
    const web = await manager.attach(
      fixture.request('web', { portBindings: { '80/tcp': [{ HostPort: '8080' }] }, exposedPorts: ['81/tcp'] }),
    );
    const near = await manager.attach(fixture.request('near'));
    await manager.create({ Name: 'apart' });
    const apart = await manager.attach(fixture.request('apart', { networkMode: 'apart' }));
    await fixture.serve(web.netnsPath as string, 80, 'hello');
    await fixture.serve(web.netnsPath as string, 81, 'hidden');
    const { Gateway = '', IPAddress = '' } = web.networks['bridge'] ?? {};
    assert.deepEqual(web.ports, {
      '81/tcp': null,
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '8080' },
        { HostIp: '::', HostPort: '8080' },
      ],
    });
    assert.equal(await fixture.ask(undefined, '127.0.0.1', 8080), 'hello', 'from the host, loopback');
    assert.equal(await fixture.ask(undefined, '::1', 8080), 'hello', 'from the host, IPv6 loopback');
    assert.equal(await fixture.ask(undefined, Gateway, 8080), 'hello', 'from the host, gateway');
    assert.equal(await fixture.ask(near.netnsPath, IPAddress, 81), 'hidden', 'from a neighbour, directly');
    assert.equal(await fixture.ask(near.netnsPath, Gateway, 8080), 'hello', 'from a neighbour, by the gateway');
    assert.equal(await fixture.ask(web.netnsPath, Gateway, 8080), 'hello', 'from itself (hairpin)');
    assert.equal(await fixture.ask(apart.netnsPath, Gateway, 8080), 'hello', 'from another network');
    assert.equal(await fixture.ask(apart.netnsPath, IPAddress, 80), '', 'another network has no direct way');

    await manager.release(web.containerId);
    assert.equal(await fixture.ask(undefined, '127.0.0.1', 8080), '');
    const again = await manager.attach(
      fixture.request('again', { portBindings: { '80/tcp': [{ HostPort: '8080' }] } }),
    );
    assert.notEqual(again.networks['bridge']?.IPAddress, IPAddress, 'an address just let go is not used at once');
  });

  test('a port in use is refused with the words of Docker', async () => {
    await using fixture = await NetworkFixture.start();
    const { manager } = fixture;
    await manager.attach(fixture.request('one', { portBindings: { '80/tcp': [{ HostPort: '8080' }] } }));
    const two = fixture.request('two', { portBindings: { '80/tcp': [{ HostPort: '8080' }] } });
    await assert.rejects(
      manager.attach(two),
      /^PouchError: driver failed programming external connectivity on endpoint two \([0-9a-f]{64}\): Bind for 0\.0\.0\.0:8080 failed: port is already allocated$/,
    );
    assert.equal(manager.sandbox(two.containerId), undefined);
    const server = createServer().listen(8081, '0.0.0.0');
    await once(server, 'listening');
    const three = fixture.request('three', { portBindings: { '80/tcp': [{ HostPort: '8081' }] } });
    await assert.rejects(manager.attach(three), /address already in use/);
    const ranged = await manager.attach(
      fixture.request('ranged', {
        portBindings: { '80/tcp': [{ HostPort: '8080-8082' }] },
        publishAll: true,
        exposedPorts: ['9/udp'],
      }),
    );
    assert.equal(ranged.ports['80/tcp']?.[0]?.HostPort, '8082');
    assert.ok(Number(ranged.ports['9/udp']?.[0]?.HostPort) >= 49153);
    server.close();
  });

  test('containers on a user network find each other by name, through connect and disconnect', async () => {
    await using fixture = await NetworkFixture.start();
    const { manager, events } = fixture;
    await manager.create({
      Name: 'app',
      EnableIPv6: true,
      IPAM: { Config: [{ Subnet: '10.77.0.0/24', IPRange: '10.77.0.128/25' }, { Subnet: 'fd77::/64' }] },
    });
    const one = await manager.attach(
      fixture.request('one', {
        networkMode: 'app',
        endpoints: { app: { IPAMConfig: { IPv4Address: '10.77.0.9' }, Aliases: ['uno'] } },
        macAddress: '02:42:00:00:00:09',
      }),
    );
    assert.equal(one.networks['app']?.IPAddress, '10.77.0.9');
    assert.equal(one.networks['app']?.MacAddress, '02:42:00:00:00:09');
    const two = await manager.attach(fixture.request('two'));
    assert.ok(!(await readFile(two.resolvConfPath, 'utf8')).includes('10.77.0.1'));
    const joined = await manager.connect('app', two.containerId, { Aliases: ['dos'] });
    assert.deepEqual(Object.keys(joined.networks).toSorted(), ['app', 'bridge']);
    assert.match(await readFile(two.resolvConfPath, 'utf8'), /^nameserver 10\.77\.0\.1$/m);
    assert.match(joined.networks['app']?.IPAddress ?? '', /^10\.77\.0\.1(2[89]|[3-9]\d)$/);
    const lookup = async (from: string | undefined, name: string, server = '10.77.0.1'): Promise<string> =>
      (await fixture.run(from as string, 'busybox', 'nslookup', name, server)).stdout;
    assert.match(await lookup(two.netnsPath, 'uno'), /10\.77\.0\.9/);
    assert.match(await lookup(two.netnsPath, 'one'), /fd77::/);
    assert.match(
      await lookup(one.netnsPath, 'dos'),
      new RegExp((joined.networks['app']?.IPAddress ?? '').replaceAll('.', '\\.')),
    );
    assert.match(await lookup(one.netnsPath, '10.77.0.9'), /name = one\.app/);
    assert.equal(
      (
        await fixture.run(
          one.netnsPath as string,
          'busybox',
          'ping',
          '-6',
          '-c1',
          '-w2',
          joined.networks['app']?.GlobalIPv6Address ?? '',
        )
      ).code,
      0,
    );

    manager.rename(two.containerId, 'renamed');
    assert.match(await lookup(one.netnsPath, 'renamed'), /Address: 10\.77/);
    const left = await manager.disconnect('app', two.containerId);
    assert.deepEqual(Object.keys(left?.networks ?? {}), ['bridge']);
    assert.doesNotMatch(await lookup(one.netnsPath, 'dos'), /Address: 10\.77\.0\.1\d\d/);
    await assert.rejects(manager.disconnect('app', two.containerId), /is not connected to network app/);
    await assert.rejects(manager.remove('app'), /has active endpoints/);
    await manager.release(one.containerId);
    await manager.remove('app');
    assert.deepEqual(
      events.filter((event) => event.Actor.Attributes['name'] === 'app').map((event) => event.Action),
      ['create', 'connect', 'connect', 'disconnect', 'disconnect', 'destroy'],
    );
  });

  test('an internal network has no way out, and one without icc none between its containers', async () => {
    await using fixture = await NetworkFixture.start();
    const { manager } = fixture;
    await manager.create({ Name: 'inside', Internal: true });
    await manager.create({ Name: 'lonely', Options: { 'com.docker.network.bridge.enable_icc': 'false' } });
    const a = await manager.attach(fixture.request('a', { networkMode: 'inside' }));
    const b = await manager.attach(fixture.request('b', { networkMode: 'inside' }));
    assert.equal(
      await fixture.run(a.netnsPath as string, 'ip', 'route', 'show', 'default').then((r) => r.stdout.trim()),
      '',
    );
    await fixture.serve(b.netnsPath as string, 80, 'inside');
    assert.equal(await fixture.ask(a.netnsPath, b.networks['inside']?.IPAddress ?? '', 80), 'inside');
    const c = await manager.attach(fixture.request('c', { networkMode: 'lonely' }));
    const d = await manager.attach(fixture.request('d', { networkMode: 'lonely' }));
    await fixture.serve(d.netnsPath as string, 80, 'lonely');
    assert.equal(await fixture.ask(c.netnsPath, d.networks['lonely']?.IPAddress ?? '', 80), '');
  });

  test('host, none and container modes', async () => {
    await using fixture = await NetworkFixture.start();
    const { manager } = fixture;
    const host = await manager.attach(fixture.request('host', { networkMode: 'host' }));
    assert.equal(host.netnsPath, undefined);
    assert.deepEqual(Object.keys(host.networks), ['host']);
    const none = await manager.attach(fixture.request('none', { networkMode: 'none' }));
    assert.match((await fixture.run(none.netnsPath as string, 'ip', '-br', 'link')).stdout, /^lo +UNKNOWN/);
    await assert.rejects(manager.connect('bridge', none.containerId), /private \(none\) mode/);
    await assert.rejects(manager.connect('bridge', host.containerId), /sharing network namespace/);
    const main = await manager.attach(fixture.request('main'));
    const guest = await manager.attach(fixture.request('guest', { networkMode: `container:${main.containerId}` }));
    assert.equal(guest.netnsPath, main.netnsPath);
    assert.equal(guest.hostsPath, main.hostsPath);
    await assert.rejects(
      manager.attach(fixture.request('lost', { networkMode: `container:${'f'.repeat(64)}` })),
      /cannot join network namespace of a non running container/,
    );
  });

  test('a container reaches beyond the host under the address of the host', async () => {
    await exec('sh', [
      '-c',
      'ip link add out0 type veth peer name out1 && ip addr add 198.51.100.1/24 dev out0 && ip link set out0 up',
    ]);
    await using fixture = await NetworkFixture.start();
    const outside = await fixture.manager.attach(fixture.request('outside', { networkMode: 'none' }));
    const path = outside.netnsPath as string;
    await exec('ip', ['link', 'set', 'out1', 'netns', path]);
    await fixture.run(path, 'sh', '-c', 'ip addr add 198.51.100.2/24 dev out1; ip link set out1 up');
    const web = await fixture.manager.attach(
      fixture.request('web', {
        portBindings: { '80/tcp': [{ HostPort: '8080' }], '81/tcp': [{ HostIp: '127.0.0.1', HostPort: '8081' }] },
      }),
    );
    await fixture.serve(path, 90, 'far');
    await fixture.serve(web.netnsPath as string, 80, 'near');
    await fixture.serve(web.netnsPath as string, 81, 'loopback');
    assert.equal(await fixture.ask(web.netnsPath, '198.51.100.2', 90), 'far', 'masqueraded: there is no route back');
    assert.equal(await fixture.ask(path, '198.51.100.1', 8080), 'near', 'published to the outside');
    await fixture.run(path, 'ip', 'route', 'add', 'default', 'via', '198.51.100.1');
    assert.equal(
      await fixture.ask(path, web.networks['bridge']?.IPAddress ?? '', 80),
      '',
      'not reached past its published port',
    );
    assert.equal(await fixture.ask(undefined, '127.0.0.1', 8081), 'loopback');
    await fixture.run(
      path,
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via 198.51.100.1',
    );
    assert.equal(await fixture.ask(path, '127.0.0.1', 8081), '', 'a loopback binding is not reached from outside');
    await fixture.manager.release(outside.containerId);
  });

  test('requests that cannot be met are refused and leave nothing behind', async () => {
    await using fixture = await NetworkFixture.start();
    const { manager } = fixture;
    const refused: [Parameters<typeof manager.create>[0], RegExp][] = [
      [{ Name: 'bridge' }, /predefined/],
      [{ Name: '../x' }, /invalid network name/],
      [{ Name: 'x', Driver: 'nothing' }, /plugin "nothing" not found/],
      [{ Name: 'x', Driver: 'overlay' }, /swarm/],
      [{ Name: 'x', Driver: 'host' }, /only one instance of "host" network is allowed/],
      [{ Name: 'x', Ingress: true }, /[Ii]ngress/],
      [{ Name: 'x', ConfigOnly: true }, /configuration-only/],
      [{ Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0' }] } }, /invalid subnet/],
      [{ Name: 'x', IPAM: { Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.1.0.1' }] } }, /invalid gateway/],
      [{ Name: 'x', Options: { 'com.docker.network.bridge.name': 'a;b' } }, /invalid interface name/],
      [{ Name: 'x', Options: { 'com.docker.network.driver.mtu': '1;2' } }, /invalid MTU/],
      [{ Name: 'x', Driver: 'macvlan', Options: { parent: 'nope0' } }, /not found/],
    ];
    for (const [request, message] of refused) await assert.rejects(manager.create(request), message);
    assert.equal((await manager.list()).length, 3);
    await assert.rejects(manager.inspect('x'), /network x not found/);
    await assert.rejects(manager.remove('bridge'), /pre-defined network and cannot be removed/);
    const wish = fixture.request('c', { endpoints: { bridge: { IPAMConfig: { IPv4Address: '172.17.0.99' } } } });
    await assert.rejects(manager.attach(wish), /user-defined networks only/);
    await manager.create({ Name: 'small', IPAM: { Config: [{ Subnet: '10.8.0.0/29' }] } });
    await assert.rejects(
      manager.create({ Name: 'over', IPAM: { Config: [{ Subnet: '10.8.0.0/24' }] } }),
      /Pool overlaps/,
    );
    for (let round = 0; round < 3; round += 1) {
      for (const name of ['a', 'b', 'c', 'd', 'e'])
        await manager.attach(fixture.request(name, { networkMode: 'small' }));
      await assert.rejects(
        manager.attach(fixture.request('f', { networkMode: 'small' })),
        /no available IPv4 addresses/,
      );
      for (const name of ['a', 'b', 'c', 'd', 'e']) await manager.release(fixture.request(name).containerId);
    }
    assert.deepEqual((await manager.prune()).NetworksDeleted, ['small']);
  });

  test('when the manager goes everything goes', async () => {
    const fixture = await NetworkFixture.start();
    await fixture.manager.attach(fixture.request('one', { publishAll: true, exposedPorts: ['80/tcp'] }));
    await fixture.manager.create({ Name: 'net' });
    await sleep(100);
    assert.notDeepEqual(await fixture.leftovers(), []);
    await fixture[Symbol.asyncDispose]();
    assert.deepEqual(await fixture.leftovers(), []);
  });
}
