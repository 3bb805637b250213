import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { API_VERSION, type ContainerInspect } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { EchoSession, fakeServices } from './testkit/fake-services.testkit.ts';
import { serve } from './testkit/raw-client.testkit.ts';

const DOCKER = ['/usr/bin/docker', '/usr/local/bin/docker'].find((path) => existsSync(path));
const options = { skip: DOCKER === undefined && 'the docker client is not installed' };

async function docker(path: string, args: string[], input?: string, env: Record<string, string> = {}) {
  const child = spawn(DOCKER as string, ['-H', `unix://${path}`, ...args], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  child.stdin.end(input ?? '');
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...output };
}

const running = {
  Id: 'c'.repeat(64),
  Config: { Tty: false, OpenStdin: true },
  HostConfig: {},
  NetworkSettings: { Networks: {} },
  State: { Running: true, Status: 'running' },
} as unknown as ContainerInspect;

test('exec sends input, gets both streams apart, and the exit code', options, async () => {
  for (const version of ['', '1.24', '1.41']) {
    const session = new EchoSession();
    await using api = await serve(
      fakeServices({
        containers: {
          inspect: async () => running,
          execCreate: async () => 'e1',
          execStartsWithTty: () => false,
          execStart: async () => {
            session.emit('stderr', 'to stderr\n');
            return session;
          },
          execInspect: async () => ({
            ID: 'e1',
            Running: false,
            ExitCode: 3,
            ProcessConfig: { tty: false, entrypoint: 'cat', arguments: [] },
            OpenStdin: true,
            OpenStderr: true,
            OpenStdout: true,
            CanRemove: false,
            ContainerID: 'c',
            DetachKeys: '',
            Pid: 1,
          }),
        },
      }),
    );
    const input = 'line\n'.repeat(100_000);
    const env: Record<string, string> = version === '' ? {} : { DOCKER_API_VERSION: version };
    const result = await docker(api.path, ['exec', '-i', 'c', 'cat'], input, env);
    assert.equal(result.stderr, 'to stderr\n');
    assert.equal(result.stdout.length, input.length);
    assert.ok(session.inputEnded);
    assert.equal(result.code, 3);
  }
});

test('attach, logs and wait', options, async () => {
  await using api = await serve(
    fakeServices({
      containers: {
        inspect: async () => running,
        attach: async () => new EchoSession(),
        logs: async () => ({
          tty: false,
          output: (async function* () {
            yield { stream: 'stdout' as const, data: Buffer.from('out\n') };
            yield { stream: 'stderr' as const, data: Buffer.from('err\n') };
          })(),
        }),
        wait: () => ({ result: Promise.resolve({ StatusCode: 5 }) }),
      },
    }),
  );
  const attached = await docker(api.path, ['attach', 'c'], 'hello\n');
  assert.equal(attached.stdout, 'hello\n');
  const logs = await docker(api.path, ['logs', 'c']);
  assert.deepEqual([logs.stdout, logs.stderr], ['out\n', 'err\n']);
  assert.equal((await docker(api.path, ['wait', 'c'])).stdout, '5\n');
});

test('errors, progress and copies', options, async () => {
  let loaded = 0;
  const stat = { name: 'f', size: 0, mode: 0o644, mtime: '2026-01-01T00:00:00Z', linkTarget: '' };
  await using api = await serve(
    fakeServices({
      containers: {
        start: async () => {
          throw new PouchError('not-found', 'No such container: nope');
        },
        getArchive: async () => ({
          stat,
          tar: (async function* () {
            yield Buffer.alloc(1024);
          })(),
        }),
      },
      images: {
        pull: async (reference, { onProgress }) => {
          onProgress?.({ status: `Pulling ${reference}` });
          throw new PouchError('upstream', 'the registry went away');
        },
        load: async (archive, { onProgress }) => {
          for await (const chunk of archive) loaded += chunk.byteLength;
          onProgress?.({ stream: 'Loaded image: a:1\n' });
        },
      },
    }),
  );
  const started = await docker(api.path, ['start', 'nope']);
  assert.match(started.stderr, /Error response from daemon: No such container: nope/);
  const pulled = await docker(api.path, ['pull', 'registry.test/a/b:1']);
  assert.match(pulled.stdout, /Pulling registry.test\/a\/b:1/);
  assert.match(pulled.stderr, /the registry went away/);
  const result = await docker(api.path, ['load'], 'x'.repeat(5_000_000));
  assert.equal(result.stdout, 'Loaded image: a:1\n');
  assert.equal(loaded, 5_000_000);
  assert.equal((await docker(api.path, ['cp', 'c:/f', '-'])).stdout.length, 1024);
  const services = await docker(api.path, ['service', 'ls']);
  assert.match(services.stderr, /not a swarm manager/);
});

test('the client negotiates its version down', options, async () => {
  await using api = await serve(fakeServices());
  const { stdout } = await docker(api.path, ['version', '--format', '{{.Client.APIVersion}}']);
  const [, minor] = stdout.trim().split('.').map(Number);
  assert.ok(minor !== undefined && minor <= Number(API_VERSION.split('.')[1]), stdout);
});
