/**
 * Every answer of pouchd is as the contract says that Docker answers in the client's version; and the honest check of the
 * contract: so is every answer of a real dockerd, where there is one.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareVersions } from '@pouch/api';
import { startDocker } from '../../../bench/docker-peer.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { busyboxArchive } from '../../harness/busybox-image.ts';
import { RecordingProxy } from './recording-proxy.ts';
import { ValidationReport } from './report.ts';
import { validated } from './validated-engine.ts';
import { ask, driveEverything } from './workload.ts';

/** The oldest, those of clients in daily use, and the newest. */
const VERSIONS = ['1.24', '1.41', '1.43', '1.45', '1.47', '1.48', '1.51', '1.52', '1.56'];
/** Versions at once: what is made for one of them is named after it. */
const AT_ONCE = 3;
const DOCKER = process.env.POUCH_TEST_DOCKERD ?? '/var/cache/pouch-bench/bin';

async function judge(upstream: string, directory: string, versions: readonly string[]): Promise<ValidationReport> {
  const report = new ValidationReport();
  const listen = join(directory, 'validated.sock');
  const archive = join(directory, 'rootfs.tar');
  await busyboxArchive(archive);
  await using _proxy = await RecordingProxy.start({
    listen,
    upstream,
    onExchange: report.add,
    onUnreadable: report.unreadable,
  });
  const { ApiVersion } = JSON.parse((await ask(upstream, 'GET', '/version')).text) as { ApiVersion: string };
  const queue = versions.filter((version) => compareVersions(version, ApiVersion) <= 0);
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (let next = queue.shift(); next; next = queue.shift())
      await driveEverything(listen, next, readFileSync(archive));
  });
  await Promise.all(lanes);
  return report;
}

test('every answer of pouchd is valid in its version', { timeout: 600_000 }, async () => {
  await using daemon = await TestDaemon.start([], { image: false });
  const report = await judge(daemon.socket, daemon.directory, VERSIONS);
  assert.deepEqual(report.faults, []);
  assert.ok(report.exchanges > 100 * VERSIONS.length, report.summary());
  assert.ok(report.operations.size > 55, report.summary());
});

const absent = existsSync(join(DOCKER, 'dockerd')) ? false : `no dockerd in ${DOCKER}; name one in POUCH_TEST_DOCKERD`;

test("a real dockerd's answers are valid by the same contract", { timeout: 900_000, skip: absent }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-validator-'));
  try {
    await using docker = await startDocker(directory, DOCKER);
    const report = await judge(docker.socket, directory, VERSIONS);
    assert.deepEqual(report.faults, []);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** A server at `socket` that is no Docker. */
async function wrongDaemon(socket: string): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const json = { 'Content-Type': 'application/json', 'Api-Version': '1.56', Ostype: 'linux', Server: 'x' };
    if (request.url === '/v1.41/volumes') {
      response.writeHead(200, json).end('{"Volumes":null,"Warnings":null,"Extra":1}');
    } else if (request.url === '/v1.41/networks/prune') response.writeHead(418, json).end('{"message":"tea"}');
    else response.writeHead(200, { ...json, 'Content-Type': 'text/html' }).end('{"Id":1}');
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('the validator sees what is wrong, and a run that met it fails', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-validator-'));
  const socket = join(directory, 'wrong.sock');
  try {
    await using daemon = await wrongDaemon(socket);
    let disposed = false;
    const engine = await validated({
      name: 'pouch',
      directory,
      socket,
      pids: () => [],
      wrap: (command) => [...command],
      [Symbol.asyncDispose]: async () => {
        disposed = true;
        await daemon[Symbol.asyncDispose]();
      },
    });
    await ask(engine.socket, 'GET', '/v1.41/volumes');
    await ask(engine.socket, 'POST', '/v1.41/networks/prune');
    await ask(engine.socket, 'GET', '/v1.41/info');
    const text = engine.report.summary();
    assert.match(text, /VolumeList 200: Volumes: expected a list, got null/);
    assert.match(text, /VolumeList 200: the header docker-experimental is missing/);
    assert.match(text, /NetworkPrune 418: the status 418 is not declared/);
    assert.match(text, /SystemInfo 200: the media type is 'text\/html'/);
    assert.match(text, /SystemInfo 200: Id: unknown field|SystemInfo 200: .*required/);
    const end = engine[Symbol.asyncDispose]();
    await assert.rejects(Promise.resolve(end), /answers that are not valid:[^]*NetworkPrune 418/);
    assert.ok(disposed, 'what stands behind the validator is taken away all the same');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
