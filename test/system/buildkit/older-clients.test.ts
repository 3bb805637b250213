/** Builds by `POST /build?version=2`, as clients before buildx send them. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { exec } from '@pouch/base';
import { Builder, missingForBuilds, until } from './builder.kit.ts';

/** A client of Docker 20.10, as Debian 12 has it: `bench/debian-peer` unpacks it. */
const OLD = process.env['POUCH_OLD_DOCKER'] ?? '/var/cache/pouch-test/clients/bin/docker-20.10';

interface Line {
  readonly id?: string;
  readonly aux?: unknown;
  readonly error?: string;
}

suite('builds of older clients', { skip: missingForBuilds(), timeout: 600_000 }, () => {
  let builder: Builder;

  before(async () => {
    builder = await Builder.start();
  });
  after(async () => {
    await builder[Symbol.asyncDispose]();
  });

  async function context(dockerfile: string): Promise<Buffer> {
    const project = builder.project({ Dockerfile: dockerfile, 'a.txt': 'from the body\n' });
    await exec('tar', ['-cf', 'context.tar', 'Dockerfile', 'a.txt'], { cwd: project });
    return process.getBuiltinModule('node:fs').readFileSync(join(project, 'context.tar'));
  }

  async function build(query: string, body?: Buffer): Promise<{ status: number; lines: Line[] }> {
    const path = `/v1.41/build?version=2&${query}`;
    const { status, text } = await builder.daemon.api('POST', path, body, { 'Content-Type': 'application/x-tar' });
    return { status, lines: text.split('\r\n').flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Line))) };
  }

  test('a context in the body, arguments, labels; progress and the id beside the text', async () => {
    const args = encodeURIComponent(JSON.stringify({ WHO: 'somebody' }));
    const labels = encodeURIComponent(JSON.stringify({ made: 'here' }));
    const body = await context('FROM busybox\nARG WHO\nCOPY a.txt /a\nRUN echo $WHO >> /a\nCMD ["cat", "/a"]\n');
    const { status, lines } = await build(`t=older&t=older:two&buildargs=${args}&labels=${labels}`, body);
    assert.equal(status, 200);
    assert.deepEqual(
      lines.filter(({ error }) => error),
      [],
    );
    assert.ok(lines.filter(({ id }) => id === 'moby.buildkit.trace').length > 1);
    const result = lines.find(({ id }) => id === 'moby.image.id')?.aux as { ID: string };
    assert.equal(await builder.run('older:two'), 'from the body\nsomebody');
    const image = (await builder.daemon.ok('GET', '/images/older/json')).json as {
      Id: string;
      Config: { Labels: Record<string, string> };
    };
    assert.equal(image.Id, result.ID);
    assert.equal(image.Config.Labels['made'], 'here');
  });

  test('a context in a request of its own', async () => {
    const body = await context('FROM busybox\nCOPY a.txt /a\nCMD ["cat", "/a"]\n');
    const [built, uploaded] = await Promise.all([
      build('t=uploaded&remote=upload-request&buildid=b1'),
      build('buildid=upload-request:b1', body),
    ]);
    assert.equal(uploaded.status, 200);
    assert.deepEqual(
      built.lines.filter(({ error }) => error),
      [],
    );
    assert.equal(await builder.run('uploaded'), 'from the body');
  });

  test('a failure is the last line; nonsense is refused at once', async () => {
    const failed = await build('t=failed', await context('FROM busybox\nRUN exit 3\n'));
    assert.match(failed.lines.at(-1)?.error ?? '', /exit code: 3/);
    const cases = ['buildargs={', 't=UPPER', 'networkmode=mine', 'outputs=[{"Type":3}]', 'extrahosts=x'];
    for (const query of cases) {
      const { status, lines } = await build(query, await context('FROM busybox\n'));
      assert.ok(
        status === 400 || /invalid|must be|not supported/.test(lines.at(-1)?.error ?? ''),
        `${query}: ${status}`,
      );
    }
  });

  test('a build is cancelled by its id, and by the end of its connection', async () => {
    const steps = async (): Promise<number> => {
      const bundles = join(builder.daemon.directory, 'run/containerd/io.containerd.runtime.v2.task/pouch');
      return (await exec('ls', [bundles])).stdout
        .trim()
        .split('\n')
        .filter((id) => id !== '').length;
    };
    const slow = await context('FROM busybox\nRUN sleep 1000\n');
    const cancelled = build('nocache=1&buildid=b2', slow);
    await until('the step', async () => (await steps()) === 1);
    await builder.daemon.ok('POST', '/build/cancel?id=b2');
    assert.match((await cancelled).lines.at(-1)?.error ?? '', /cancelled/);
    await until('its end', async () => (await steps()) === 0);
    const left = request({
      socketPath: builder.daemon.socket,
      method: 'POST',
      path: '/build?version=2&nocache=1',
      headers: { 'Content-Type': 'application/x-tar', 'Content-Length': slow.length },
    });
    left.on('error', () => {});
    left.end(slow);
    await until('the step', async () => (await steps()) === 1);
    left.destroy();
    await until('its end', async () => (await steps()) === 0);
  });

  test('the client of Docker 20.10 with its session', {
    skip: existsSync(OLD) ? false : `there is no ${OLD}`,
  }, async () => {
    const config = join(builder.daemon.directory, 'old');
    mkdirSync(config, { recursive: true });
    const project = builder.project({
      Dockerfile:
        '# a comment\nFROM busybox\nCOPY a /a\nRUN --mount=type=secret,id=word cat /run/secrets/word >> /a\nCMD ["cat", "/a"]\n',
      a: 'old\n',
      word: 'secret',
    });
    const env = { ...builder.environment(), DOCKER_CONFIG: config, DOCKER_BUILDKIT: '1' };
    await exec(OLD, ['build', '-t', 'old', '--secret', `id=word,src=${project}/word`, project], {
      env,
      timeout: 60_000,
    });
    assert.equal(await builder.run('old'), 'old\nsecret');
    const { stdout } = await exec(OLD, ['build', '-q', '-t', 'stdin', '-'], {
      env,
      input: 'FROM busybox\nCMD ["echo", "piped"]\n',
    });
    assert.match(stdout, /^sha256:/);
    assert.equal(await builder.run('stdin'), 'piped');
    const out = join(project, 'out');
    await exec(OLD, ['build', '-o', out, project, '--secret', `id=word,src=${project}/word`], { env });
    assert.ok(existsSync(join(out, 'a')));
  });
});
