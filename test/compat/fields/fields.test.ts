/**
 * Holds the table behind docs/reference/docker.md to the code: each field of a request is refused, or not acted upon and
 * listed, or the code reads it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { endpointOf, JSON_OPERATIONS, type Operation, refusedExample, requestFields } from '@pouch/api';
import { TestDaemon } from '../../harness/test-daemon.ts';

const PACKAGES = resolve(import.meta.dirname, '../../../packages');
/** Credentials go to the registry package field by field, by their names on the wire. */
const ROOMS = ['engine/src', 'server/src', 'registry/src'];

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

/** Sources without tests and without the adaption of old shapes. */
function sources(): string {
  return ROOMS.flatMap((room) => {
    const directory = join(PACKAGES, room);
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
    return files
      .filter((file) => file.endsWith('.ts') && !/\.(test|testkit|testsuite)\.ts$/.test(file))
      .map((file) => readFileSync(join(directory, file), 'utf8'));
  }).join('\n');
}

test('the code reads every field that is said to be acted upon', () => {
  const words = new Set(sources().match(/\b[A-Za-z_]\w*\b/g));
  const unread = JSON_OPERATIONS.flatMap((operation) =>
    requestFields(operation)
      .filter(({ name, treatment }) => (treatment === undefined || treatment.kind === 'differs') && !words.has(name))
      .map(({ path }) => `${operation}: ${path}`),
  );
  assert.deepEqual(unread, []);
});

/** What a request needs besides, to come as far as the field. */
function around(operation: Operation): { path: string; body: object } | undefined {
  switch (operation) {
    case 'ContainerCreate':
      return { path: '/containers/create', body: { Image: 'busybox' } };
    case 'ContainerUpdate':
      return { path: '/containers/fields/update', body: {} };
    case 'NetworkCreate':
      return { path: '/networks/create', body: { Name: 'fields' } };
    case 'NetworkConnect':
      return { path: '/networks/fields-net/connect', body: { Container: 'fields' } };
    case 'VolumeCreate':
      return { path: '/volumes/create', body: { Name: 'fields' } };
    default:
      return undefined;
  }
}

test('every field that is said to be refused is answered with an error', async (context) => {
  await daemon.ok('POST', '/containers/create?name=fields', { Image: 'busybox', Cmd: ['sleep', '100'] });
  await daemon.ok('POST', '/containers/fields/start');
  await daemon.ok('POST', '/networks/create', { Name: 'fields-net' });
  for (const operation of JSON_OPERATIONS) {
    for (const { path, treatment } of requestFields(operation)) {
      if (treatment?.kind !== 'refused') continue;
      const rest = around(operation);
      assert.ok(rest, `${operation} has a refused field, and this test no request for it`);
      await context.test(`${operation} ${path}`, async () => {
        const example = refusedExample(path, treatment) as object;
        const { method } = endpointOf(operation);
        // A field of old is refused in the version that has it.
        const version = path.endsWith('.Capabilities') ? '/v1.40' : path.includes('KernelMemory') ? '/v1.41' : '';
        const { status, text } = await daemon.api(method, `${version}${rest.path}`, { ...rest.body, ...example });
        assert.ok(status >= 400 && status !== 500, `${status} ${text}`);
        assert.doesNotMatch(text, /internal|unforeseen/);
      });
    }
  }
});

test('what is not acted upon is taken', async () => {
  const body = {
    Image: 'busybox',
    AttachStdout: true,
    HostConfig: { ContainerIDFile: '/x', CpuCount: 2, Cgroup: 'container:none', Mounts: [] },
  };
  const { json } = await daemon.ok('POST', '/containers/create', body);
  assert.deepEqual((json as { Warnings: string[] }).Warnings, []);
});
