import assert from 'node:assert/strict';
import { globalAgent } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { type HostState, leftBehind, readHostState } from '../../harness/host-state.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { ARCHIVE_CASES } from './archive-cases.ts';
import { CREATE_CASES } from './create-cases.ts';
import { fileDifference, Inspector, openFiles, residentMemory } from './daemon-resources.ts';
import { dnsGarbage } from './dns-garbage.ts';
import { droppedStreams, webSocketGarbage } from './dropped-streams.ts';
import type { HostileCase } from './hostile-case.ts';
import { IMAGE_ARCHIVE_CASES } from './image-archive-cases.ts';
import { IMAGE_CASES } from './image-cases.ts';
import { JSON_CASES } from './json-cases.ts';
import { NAME_CASES } from './name-cases.ts';
import { NETWORK_CASES } from './network-cases.ts';
import { escapingArchives, plantedLinks } from './planted-links.ts';
import { QUERY_CASES } from './query-cases.ts';
import { head, sendRaw } from './raw-request.ts';
import { SlowClients } from './slow-clients.ts';
import { START_CASES } from './start-cases.ts';
import { VOLUME_CASES } from './volume-cases.ts';
import { WIRE_CASES } from './wire-cases.ts';

const TABLES: Readonly<Record<string, readonly HostileCase[]>> = {
  names: NAME_CASES,
  images: IMAGE_CASES,
  'JSON bodies': JSON_CASES,
  'queries, methods and end points': QUERY_CASES,
  containers: CREATE_CASES,
  networks: NETWORK_CASES,
  volumes: VOLUME_CASES,
  'archives for containers': ARCHIVE_CASES,
  'archives of images': IMAGE_ARCHIVE_CASES,
};

/** Milliseconds in which each refusal must have come; far more than any takes on a busy machine. */
const DEADLINE = 20_000;
/** Bytes: what the heap may hold more after the second round than after the first: code that got hot, and caches. */
const HEAP_MARGIN = 6 << 20;
/** Bytes: as above for the whole process; V8 and malloc give pages back late. */
const RESIDENT_MARGIN = 48 << 20;

let daemon: TestDaemon;
let inspector: Inspector;
let scratchAtStart: string[];
let hostAtStart: HostState;

before(async () => {
  process.env.NODE_OPTIONS = '--inspect-port=127.0.0.1:0';
  daemon = await TestDaemon.start();
  delete process.env.NODE_OPTIONS;
  hostAtStart = await readHostState();
  const ipam = { Config: [{ Subnet: '10.213.7.0/24' }] };
  await daemon.ok('POST', '/networks/create', { Name: 'hostile', IPAM: ipam });
  await start('victim', ['sleep', '100000']);
  await start('resolver', ['sleep', '100000'], { NetworkMode: 'hostile' });
  await start(
    'noisy',
    ['sh', '-c', 'head -c 30000000 /dev/zero > /big; while :; do echo x; sleep 0.05; done'],
    {},
    true,
  );
  await daemon.ok('POST', '/containers/create?name=user', {
    Image: 'busybox',
    HostConfig: { Binds: ['hostile:/x', 'planted:/y'] },
    Cmd: ['ln', '-s', '/etc', '/y/out'],
  });
  await daemon.ok('POST', '/containers/user/start');
  inspector = await Inspector.open(daemon);
  scratchAtStart = await scratchFiles();
});

after(async () => {
  inspector[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
});

async function start(name: string, Cmd: string[], HostConfig: object = {}, OpenStdin = false): Promise<void> {
  await daemon.ok('POST', `/containers/create?name=${name}`, { Image: 'busybox', Cmd, HostConfig, OpenStdin });
  await daemon.ok('POST', `/containers/${name}/start`);
}

/** The whole of it but for what must wait for slow clients. */
async function everything(): Promise<void> {
  await plantedLinks(daemon);
  await escapingArchives(daemon);
  for (const cases of Object.values(TABLES)) assert.deepEqual(await faults(cases), []);
  await webSocketGarbage(daemon);
  await droppedStreams(daemon);
  await dnsGarbage(daemon);
}

/** The cases whose answer is not the right one, a line each. */
async function faults(cases: readonly HostileCase[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, method, path, body, headers, status, says, plain } of cases) {
    const answer = await Promise.race([
      daemon.api(method, path, body, { ...headers }).catch((error: unknown) => ({ status: 0, text: String(error) })),
      sleep(DEADLINE).then(() => ({ status: -1, text: 'no answer' })),
    ]);
    const isRight =
      answer.status === status && says.test(answer.text) && (plain || /"message":".{5,}"/.test(answer.text));
    if (!isRight) found.push(`${name}: ${answer.status} instead of ${status}: ${answer.text.slice(0, 300)}`);
  }
  return found;
}

/**
 * Wait until the daemon has ended what it does for nobody, and close our own connections. A copy before it leaves the one
 * file thread that the daemon keeps for some time; without it that would be there or not by chance.
 */
async function settle(): Promise<void> {
  await daemon.ok('GET', '/containers/victim/archive?path=/etc/passwd');
  globalAgent.destroy();
  await sleep(1500);
}

/** Temporary files of the daemon and its containerd. */
async function scratchFiles(): Promise<string[]> {
  const theirs = ['snapshots', '_data', 'overlay'].flatMap((name) => ['-name', name, '-prune', '-o']);
  const ours = [
    '(',
    '-path',
    './*/tmp/*',
    '-o',
    '-name',
    'load-*',
    '-o',
    '-path',
    '*/ingest/*',
    '-o',
    '-name',
    '*.partial',
    ')',
  ];
  const { stdout } = await exec('find', ['.', ...theirs, ...ours, '-print'], { cwd: join(daemon.directory, 'root') });
  return stdout.split('\n').filter(Boolean).toSorted();
}

async function containerNames(): Promise<string[]> {
  const list = (await daemon.ok('GET', '/containers/json?all=1')).json as { Names: string[] }[];
  return list.flatMap(({ Names }) => Names).toSorted();
}

for (const [what, cases] of Object.entries(TABLES)) {
  test(`${cases.length} hostile ${what} are refused with the right status and a reason`, async () => {
    assert.deepEqual(await faults(cases), []);
  });
}

test('there are hundreds of them', () => {
  assert.ok(Object.values(TABLES).flat().length + WIRE_CASES.length >= 300);
});

test('clients that trickle are cut off while others are served', async (t) => {
  const slow = await SlowClients.start(daemon);
  await t.test('bytes that are no proper HTTP end their connection and reach no container', async () => {
    const found: string[] = [];
    for (const { name, bytes, answer, closed } of WIRE_CASES) {
      const got = await sendRaw(daemon.socket, bytes, closed ? DEADLINE : 500);
      if (!answer.test(got.text) || got.closed !== closed)
        found.push(`${name}: ${got.closed} ${got.text.slice(0, 300)}`);
    }
    assert.deepEqual(found, []);
    const { State } = (await daemon.ok('GET', '/containers/victim/json')).json as { State: { Running: boolean } };
    assert.equal(State.Running, true);
  });
  await t.test('a thousand requests in one go are all answered', async () => {
    const { text } = await sendRaw(daemon.socket, head('GET /_ping HTTP/1.1', 'Host: x').repeat(1000), 3000);
    assert.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 1000);
  });
  await t.test('what can be made but not started is refused at the start, and removed again', async () => {
    for (const { name, body, says } of START_CASES) {
      const { Id } = (await daemon.ok('POST', '/containers/create', { Image: 'busybox', Cmd: ['true'], ...body }))
        .json as {
        Id: string;
      };
      const { status, text } = await daemon.api('POST', `/containers/${Id}/start`);
      assert.ok(status >= 400 && status < 500, `${name}: ${status} ${text}`);
      assert.match(text, says, name);
      await daemon.ok('DELETE', `/containers/${Id}`);
    }
  });
  await t.test('links that a container plants and swaps lead nowhere', async () => await plantedLinks(daemon));
  await t.test('archives stay in the container', async () => await escapingArchives(daemon));
  await t.test('streams that are dropped end', async () => await droppedStreams(daemon));
  await t.test('frames that are none end a WebSocket', async () => await webSocketGarbage(daemon));
  await t.test('the embedded DNS server survives garbage', async () => await dnsGarbage(daemon));
  await slow.finish();
});

test('a second round of it all leaves the daemon’s memory and files as they were after the first', async () => {
  await settle();
  const heapBefore = await inspector.collect();
  const residentBefore = residentMemory(daemon.pid);
  const filesBefore = openFiles(daemon.pid);
  await everything();
  await settle();
  let difference: string[] = [];
  for (let attempt = 0; attempt < 20; attempt += 1) {
    difference = fileDifference(filesBefore, openFiles(daemon.pid));
    if (difference.length === 0) break;
    await sleep(500);
  }
  assert.deepEqual(difference, []);
  const heap = (await inspector.collect()) - heapBefore;
  const resident = residentMemory(daemon.pid) - residentBefore;
  assert.ok(heap < HEAP_MARGIN, `the heap grew by ${heap} bytes`);
  assert.ok(resident < RESIDENT_MARGIN, `the process grew by ${resident} bytes`);
});

test('nothing is left behind, nothing failed in a way that nobody foresaw, and the daemon works', async () => {
  assert.deepEqual(await containerNames(), ['/noisy', '/resolver', '/user', '/victim']);
  assert.deepEqual(await scratchFiles(), scratchAtStart);
  const unforeseen = daemon
    .log(1_000_000)
    .split('\n')
    .filter((line) => /nobody foresaw|unhandled|uncaught/i.test(line));
  assert.deepEqual(unforeseen, []);
  assert.equal(await daemon.run(['busybox', 'echo', 'alive']), 'alive');
  for (const name of ['victim', 'resolver', 'noisy', 'user'])
    await daemon.ok('DELETE', `/containers/${name}?force=1&v=1`);
  await daemon.ok('DELETE', '/networks/hostile');
  // Other daemons come and go beside this one, and it keeps network namespaces ready, and the parents of
  // its containers' mounts and cgroups.
  const left = leftBehind(hostAtStart, await readHostState()).filter(
    (line) => line.includes(daemon.name) && !/\/run\/netns\/|\/rootfs\/mounts$|\/pouch-\w+$/.test(line),
  );
  assert.deepEqual(left, []);
});
