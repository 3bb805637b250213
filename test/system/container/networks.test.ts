import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, logsOf, remove, start } from './container.kit.ts';

/** A web server that says its name. */
const web = (name: string): string => `echo ${name} > /tmp/index.html; exec httpd -f -p 80 -h /tmp`;

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

/** The first of `count` neighbouring ports that are free on every address now. */
async function freePorts(count = 1): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, () => server.close(() => resolve(true)));
  return await promise;
}

/** What a web server says; undefined while it does not answer. */
async function get(host: string, port: number): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect({ host, port, timeout: 2000 });
  let text = '';
  socket.on('connect', () => socket.write('GET /index.html HTTP/1.0\r\n\r\n'));
  socket.on('data', (data: Buffer) => {
    text += data.toString();
  });
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(/\r\n\r\n(.+)\n/.exec(text)?.[1]));
  return await promise;
}

function hostAddress(): string | undefined {
  return (networkInterfaces()['eth0'] ?? []).find((address) => address.family === 'IPv4')?.address;
}

async function run(flags: readonly string[], script: string): Promise<string> {
  return (await daemon.pouch(['run', '-d', ...flags, 'busybox', 'sh', '-c', script])).stdout.trim();
}

async function inside(name: string, script: string): Promise<string> {
  const { stdout } = await daemon.pouch(['exec', name, 'sh', '-c', script], { allowFailure: true });
  return stdout.trim();
}

test('a published port answers on the loopback and on the host’s address', async () => {
  const port = await freePorts();
  const id = await run(['-p', `${port}:80`], web('published'));
  assert.equal(await eventually('127.0.0.1', async () => await get('127.0.0.1', port)), 'published');
  const address = hostAddress();
  if (address) assert.equal(await get(address, port), 'published');
  assert.equal(await get('::1', port), 'published');
  assert.equal((await daemon.pouch(['port', id])).stdout, `80/tcp -> 0.0.0.0:${port}\n80/tcp -> [::]:${port}\n`);
  assert.equal((await daemon.pouch(['port', id, '80'])).stdout, `0.0.0.0:${port}\n[::]:${port}\n`);
  const ports = (await daemon.pouch(['ps', '--format', '{{.Ports}}'])).stdout;
  assert.equal(ports, `0.0.0.0:${port}->80/tcp, [::]:${port}->80/tcp\n`);
  const taken = await daemon.pouch(['run', '-d', '-p', `${port}:80`, 'busybox', 'true'], { allowFailure: true });
  assert.equal(taken.code, 125);
  assert.match(taken.stderr, new RegExp(`${port}.*(already allocated|already in use)`));
  await daemon.pouch(['restart', '-t', '0', id]);
  assert.equal(await eventually('after a restart', async () => await get('127.0.0.1', port)), 'published');
  await remove(daemon, id);
  assert.equal(await get('127.0.0.1', port), undefined);
});

test('one address only, a free port of the host, ranges, and all that are exposed', async () => {
  const port = await freePorts(3);
  const one = await run(['-p', `127.0.0.1:${port}:80`], web('one'));
  assert.equal(await eventually('127.0.0.1', async () => await get('127.0.0.1', port)), 'one');
  const address = hostAddress();
  if (address) assert.equal(await get(address, port), undefined);
  await remove(daemon, one);
  const any = await run(['-p', '80'], web('any'));
  const bound = Number((await inspect(daemon, any)).NetworkSettings.Ports?.['80/tcp']?.[0]?.HostPort);
  assert.equal(await eventually('its port', async () => await get('127.0.0.1', bound)), 'any');
  await remove(daemon, any);
  const range = await run(['-p', `${port}-${port + 2}:80-82`], web('range'));
  assert.equal(await eventually('the first', async () => await get('127.0.0.1', port)), 'range');
  assert.equal((await daemon.pouch(['port', range, '82'])).stdout.split('\n')[0], `0.0.0.0:${port + 2}`);
  await remove(daemon, range);
  const all = await run(['-P', '--expose', '80'], web('all'));
  const published = Number((await daemon.pouch(['port', all, '80/tcp'])).stdout.split('\n')[0]?.split(':').at(-1));
  assert.equal(await eventually('the exposed', async () => await get('127.0.0.1', published)), 'all');
  await remove(daemon, all);
});

test('a port that another program has is refused with its number', async () => {
  const port = await freePorts();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  try {
    const taken = await daemon.pouch(['run', '--rm', '-p', `${port}:80`, 'busybox', 'true'], { allowFailure: true });
    assert.equal(taken.code, 125);
    assert.match(taken.stderr, new RegExp(String(port)));
  } finally {
    server.close();
  }
});

test('UDP is published too', async () => {
  const port = await freePorts();
  const id = await run(['-p', `${port}:5000/udp`], 'sleep 1000');
  const { Pid: pid } = (await inspect(daemon, id)).State;
  // Busybox has no server for UDP: one of the host's, in the container's network.
  const echo =
    "const s = require('node:dgram').createSocket('udp4'); s.on('message', (m, r) => s.send(m, r.port, r.address)); s.bind(5000)";
  const server = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', echo], { stdio: 'ignore' });
  const socket = createSocket('udp4');
  const answers: string[] = [];
  socket.on('message', (message) => answers.push(message.toString()));
  try {
    await eventually('an echo', async () => {
      socket.send('hello', port, '127.0.0.1');
      return await Promise.resolve(answers.includes('hello'));
    });
  } finally {
    socket.close();
    server.kill('SIGKILL');
  }
  await remove(daemon, id);
});

test('containers of a user network find each other by name and alias, and no others do', async () => {
  await daemon.pouch(['network', 'create', 'meet']);
  const server = await run(
    ['--network', 'meet', '--name', 'server', '--network-alias', 'www', '-h', 'box'],
    web('server'),
  );
  const client = await run(['--network', 'meet', '--name', 'client'], 'sleep 1000');
  const stranger = await run(['--name', 'stranger'], 'sleep 1000');
  for (const name of ['server', 'www', server.slice(0, 12)]) {
    const said = await eventually(
      name,
      async () => (await inside('client', `wget -qO- http://${name}/index.html`)) || undefined,
    );
    assert.equal(said, 'server');
  }
  assert.equal(await inside('stranger', 'nslookup server 2>/dev/null | grep -c "Name:.*server"; true'), '0');
  assert.match(await inside('client', 'cat /etc/resolv.conf'), /^nameserver \d+\.\d+\.\d+\.1$/m);
  const { IPAddress: address = '' } = (await inspect(daemon, 'server')).NetworkSettings.Networks['meet'] ?? {};
  assert.equal(await inside('stranger', `timeout 1 wget -qO- http://${address}/index.html || echo apart`), 'apart');
  await daemon.pouch(['network', 'connect', '--alias', 'guest', 'meet', 'stranger']);
  assert.equal(await inside('stranger', 'wget -qO- http://server/index.html'), 'server');
  assert.match(await inside('client', 'ping -c 1 -W 2 guest'), / 0% packet loss/);
  await daemon.pouch(['rename', 'server', 'renamed']);
  assert.equal(await inside('client', 'wget -qO- http://renamed/index.html'), 'server');
  await daemon.pouch(['network', 'disconnect', 'meet', 'stranger']);
  assert.equal(
    await inside('stranger', 'timeout 1 wget -qO- http://server/index.html 2>/dev/null || echo apart'),
    'apart',
  );
  const inUse = await daemon.pouch(['network', 'rm', 'meet'], { allowFailure: true });
  assert.equal(inUse.code, 1);
  assert.match(inUse.stderr, /active endpoints/);
  await remove(daemon, server, client, stranger);
  assert.equal((await daemon.pouch(['network', 'rm', 'meet'])).stdout, 'meet\n');
});

test('hairpin: a container reaches a published port, its own too, through the host', async () => {
  const port = await freePorts();
  const id = await run(['-p', `${port}:80`, '--name', 'self'], web('self'));
  await eventually('it answers', async () => await get('127.0.0.1', port));
  const gateway = (await inspect(daemon, id)).NetworkSettings.Networks['bridge']?.Gateway ?? '';
  for (const address of [gateway, hostAddress() ?? gateway]) {
    assert.equal(await inside('self', `timeout 3 wget -qO- http://${address}:${port}/index.html`), 'self');
  }
  await remove(daemon, id);
});

test('static addresses and MACs, subnets and gateways, IPv6', async () => {
  const flags = ['--subnet', '10.213.7.0/24', '--gateway', '10.213.7.9', '--ipv6', '--subnet', 'fd00:213:7::/64'];
  await daemon.pouch(['network', 'create', ...flags, 'fixed']);
  const container = [
    '--network',
    'fixed',
    '--ip',
    '10.213.7.77',
    '--ip6',
    'fd00:213:7::77',
    '--mac-address',
    '02:42:0a:d5:07:4d',
  ];
  const output = await daemon.run([...container, 'busybox', 'sh', '-c', 'ip addr show eth0; ip route; ip -6 route']);
  for (const part of [
    'inet 10.213.7.77/24',
    'inet6 fd00:213:7::77/64',
    'ether 02:42:0a:d5:07:4d',
    'default via 10.213.7.9',
  ]) {
    assert.ok(output.includes(part), `${part} in ${output}`);
  }
  const outside = await daemon.pouch(['run', '--rm', '--network', 'fixed', '--ip', '10.9.9.9', 'busybox', 'true'], {
    allowFailure: true,
  });
  assert.equal(outside.code, 125);
  const overlap = await daemon.pouch(['network', 'create', '--subnet', '10.213.7.128/25', 'again'], {
    allowFailure: true,
  });
  assert.match(overlap.stderr, /overlap/i);
  await daemon.pouch(['network', 'rm', 'fixed']);
});

test('an internal network leads nowhere else', async () => {
  await daemon.pouch(['network', 'create', '--internal', 'inner']);
  const routes = await daemon.run(['--network', 'inner', 'busybox', 'ip', 'route']);
  assert.doesNotMatch(routes, /default/);
  await daemon.pouch(['network', 'rm', 'inner']);
});

test('none, host, and the network of another container', async () => {
  const links = async (...flags: string[]): Promise<string> =>
    (await daemon.run([...flags, 'busybox', 'ls', '/sys/class/net'])).split(/\s+/).join(' ');
  assert.equal(await links('--network', 'none'), 'lo');
  assert.match(await links('--network', 'host'), /eth0/);
  const id = await run(['--name', 'first'], web('first'));
  assert.equal(await links('--network', 'container:first'), 'eth0 lo');
  const local = await eventually(
    'the neighbour',
    async () =>
      (
        await daemon.pouch(
          ['run', '--rm', '--network', 'container:first', 'busybox', 'wget', '-qO-', 'http://127.0.0.1/index.html'],
          { allowFailure: true },
        )
      ).stdout || undefined,
  );
  assert.equal(local, 'first\n');
  await remove(daemon, id);
  const gone = await daemon.pouch(['run', '--rm', '--network', 'container:first', 'busybox', 'true'], {
    allowFailure: true,
  });
  assert.match(gone.stderr, /No such container: first/);
  const missing = await daemon.pouch(['run', '--rm', '--network', 'nosuch', 'busybox', 'true'], { allowFailure: true });
  assert.match(missing.stderr, /network nosuch not found/);
});

test('several networks from the start, links, and inspect of a network', async () => {
  await daemon.pouch(['network', 'create', 'front']);
  await daemon.pouch(['network', 'create', '--label', 'side=back', 'back']);
  const id = await run(['--network', 'front', '--network', 'name=back,alias=deep', '--name', 'both'], 'sleep 1000');
  assert.equal(await inside('both', 'ls /sys/class/net | tr "\\n" " "'), 'eth0 eth1 lo');
  const listed = (
    await daemon.pouch(['network', 'inspect', 'back', '-f', '{{range .Containers}}{{.Name}}{{end}} {{.Labels.side}}'])
  ).stdout;
  assert.equal(listed, 'both back\n');
  const names = (
    await daemon.pouch(['network', 'ls', '--filter', 'label=side=back', '--format', '{{.Name}} {{.Driver}}'])
  ).stdout;
  assert.equal(names, 'back bridge\n');
  await remove(daemon, id);
  const db = await start(daemon, ['sh', '-c', web('db')], {}, 'database');
  const linked = await run(
    ['--link', 'database:db', '--name', 'linked'],
    'while ! wget -qO- http://db/index.html; do sleep 0.05; done',
  );
  await eventually('over the link', async () => (await logsOf(daemon, linked)).includes('db\n'));
  await remove(daemon, db, linked);
  const pruned = (await daemon.pouch(['network', 'prune', '-f'])).stdout;
  assert.match(pruned, /^Deleted Networks:\n(front\nback|back\nfront)\n/);
});
