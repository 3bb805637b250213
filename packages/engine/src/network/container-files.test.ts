import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extendHosts, formatHosts, ownNames, parseExtraHosts } from './hosts-file.ts';
import { expandExposed, parsePort, portMapOf, wantedPorts } from './port-map.ts';
import { containerResolvConf, formatResolvConf, parseResolvConf } from './resolv-conf.ts';

const NOTHING = { dns: [], dnsSearch: [], dnsOptions: [] };

test('on the default bridge a container gets the servers of the host, without loopback ones', () => {
  const host = parseResolvConf(
    '# c\nnameserver 127.0.0.1\nnameserver 192.0.2.53\nnameserver ::1\nsearch a b\noptions rotate\n',
  );
  assert.deepEqual(containerResolvConf(host, NOTHING), {
    nameservers: ['192.0.2.53'],
    search: ['a', 'b'],
    options: ['rotate'],
  });
  assert.deepEqual(containerResolvConf(parseResolvConf('nameserver 127.0.0.53'), NOTHING).nameservers, [
    '8.8.8.8',
    '8.8.4.4',
  ]);
  assert.deepEqual(containerResolvConf(host, NOTHING, { keepLoopback: true }).nameservers, host.nameservers);
});

test('on a user network it asks our server, and the wishes of the user go first', () => {
  const host = parseResolvConf('nameserver 192.0.2.53\nsearch a\n');
  const wanted = { dns: ['192.0.2.1'], dnsSearch: ['.'], dnsOptions: ['ndots:2'] };
  assert.deepEqual(containerResolvConf(host, wanted, { server: '172.18.0.1' }), {
    nameservers: ['172.18.0.1'],
    search: [],
    options: ['ndots:2'],
  });
  assert.deepEqual(containerResolvConf(host, wanted).nameservers, ['192.0.2.1']);
  assert.match(formatResolvConf(containerResolvConf(host, NOTHING, { server: '172.18.0.1' })), /options ndots:0\n$/);
});

test('hosts files name the container and the extra hosts', () => {
  const extra = parseExtraHosts(['db:10.0.0.9', 'v6=[fd00::9]', 'host.docker.internal:host-gateway'], ['172.17.0.1']);
  const text = formatHosts([...extra, { address: '172.17.0.2', names: ownNames('web', 'example.com') }]);
  assert.match(text, /^127\.0\.0\.1\tlocalhost\n/);
  assert.match(
    text,
    /10\.0\.0\.9\tdb\nfd00::9\tv6\n172\.17\.0\.1\thost\.docker\.internal\n172\.17\.0\.2\tweb\.example\.com web\n$/,
  );
  assert.equal(extendHosts('1.1.1.1 one', [{ address: '2.2.2.2', names: ['two'] }]), '1.1.1.1 one\n2.2.2.2\ttwo\n');
  for (const bad of ['db', 'db:', 'db:10.0.0', 'a b:10.0.0.1', 'x\n:1.1.1.1', ':1.1.1.1']) {
    assert.throws(() => parseExtraHosts([bad], []), /add-host/);
  }
  assert.throws(() => parseExtraHosts(['h:host-gateway'], []), /host-gateway/);
});

test('port bindings become what to publish', () => {
  assert.deepEqual(
    wantedPorts({ '80/tcp': [{ HostIp: '[::1]', HostPort: '8000-8010' }] }, ['81/udp', '80/tcp'], true),
    [
      { containerPort: 80, protocol: 'tcp', hostIp: '::1', hostPortStart: 8000, hostPortEnd: 8010 },
      { containerPort: 81, protocol: 'udp', hostIp: '', hostPortStart: 0, hostPortEnd: 0 },
    ],
  );
  for (const bad of ['0/tcp', '65536', '80/icmp', 'x', '-1']) assert.throws(() => parsePort(bad), /invalid port/);
  assert.throws(() => wantedPorts({ '80': [{ HostPort: '10-9' }] }, [], false), /invalid port/);
  assert.throws(() => wantedPorts({ '80': [{ HostIp: 'host' }] }, [], false), /invalid IP/);
  assert.deepEqual(expandExposed('8000-8002/udp'), ['8000/udp', '8001/udp', '8002/udp']);
  assert.throws(() => expandExposed('9-8'), /invalid port range/);
});

test('the port map shows published and merely exposed ports', () => {
  const published = [
    { containerPort: 80, protocol: 'tcp' as const, hostIp: '0.0.0.0', hostPort: 8080, target: '10.0.0.2' },
  ];
  assert.deepEqual(portMapOf(published, ['80/tcp', '9/udp']), {
    '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }],
    '9/udp': null,
  });
});
