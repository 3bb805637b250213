/** Docker's buildx builds on pouchd. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { ImageSummary } from '@pouch/api';
import { exec } from '@pouch/base';
import { Builder, missingForBuilds, until } from './builder.kit.ts';

suite('building with buildx', { skip: missingForBuilds(), timeout: 600_000 }, () => {
  let builder: Builder;

  before(async () => {
    builder = await Builder.start();
  });
  after(async () => {
    await builder[Symbol.asyncDispose]();
  });

  test('an idle daemon has no buildkitd, and says that it can build', async () => {
    assert.equal(builder.buildkitdPid, undefined);
    const { stdout } = await exec('curl', ['-si', '--unix-socket', builder.daemon.socket, 'http://pouch/_ping']);
    assert.match(stdout, /^Builder-Version: 2\r$/im);
    const { stdout: usage } = await builder.docker(['system', 'df']);
    assert.match(usage, /Build Cache\s+0/);
    assert.equal(builder.buildkitdPid, undefined);
  });

  test('stages, secrets, cache mounts, arguments; the image is listed and runs at once, and events tell of it', async () => {
    const project = builder.project({
      Dockerfile: `FROM busybox AS base
RUN echo hello > /hello
FROM base
ARG WHO=nobody
COPY a.txt /a.txt
RUN --mount=type=cache,target=/cache echo cached >> /cache/file && cp /cache/file /cached
RUN --mount=type=secret,id=word wc -c < /run/secrets/word > /length
RUN echo $WHO > /who
CMD ["cat", "/hello", "/a.txt", "/cached", "/length", "/who"]
`,
      'a.txt': 'a file\n',
      word: 'secret',
    });
    const since = String(Date.now() / 1000);
    const said = await builder.build(
      project,
      '-t',
      'demo:1',
      '--build-arg',
      'WHO=somebody',
      '--secret',
      `id=word,src=${project}/word`,
    );
    assert.match(said, /naming to docker\.io\/library\/demo:1/);
    const { stdout } = await builder.docker(['images', '--format', '{{.Repository}}:{{.Tag}}']);
    assert.deepEqual(stdout.trim().split('\n').sort(), ['busybox:latest', 'demo:1']);
    assert.equal(await builder.run('demo:1'), 'hello\na file\ncached\n6\nsomebody');
    const { stdout: events } = await builder.docker([
      ...['events', '--since', since, '--until', String(Date.now() / 1000 + 1), '--filter', 'type=image'],
      ...['--format', '{{.Action}} {{.Actor.Attributes.name}}'],
    ]);
    assert.match(events, /^create sha256:[0-9a-f]{64}$/m);
    assert.match(events, /^tag demo:1$/m);
  });

  test('a prune of what has a label takes nothing of the cache, in which nothing has one', async () => {
    const cached = async (): Promise<boolean> => /CACHED/.test(await builder.build(project, '--progress', 'plain'));
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo labels > /labels\n' });
    await cached();
    const { stdout } = await builder.docker(['system', 'prune', '-f', '--filter', 'label=nothing-like-it']);
    assert.match(stdout, /Total reclaimed space: 0B/);
    assert.equal(await cached(), true);
  });

  test('timers in a step are as exact as anywhere on the host', async () => {
    const slack = (pid: number | 'self'): string => readFileSync(`/proc/${pid}/timerslack_ns`, 'utf8').trim();
    const said = await builder.build(
      builder.project({ Dockerfile: 'FROM busybox\nRUN echo "slack $(cat /proc/self/timerslack_ns)"\n' }),
      '--progress',
      'plain',
    );
    assert.match(said, new RegExp(`slack ${slack('self')}$`, 'm'));
    assert.equal(slack(builder.buildkitdPid as number), '1000000');
  });

  test('a second build is cached; a changed one leaves the old image without a name', async () => {
    const files = { Dockerfile: 'FROM busybox\nRUN date +%s%N > /date\nCOPY a /a\n', a: '1' };
    const first = builder.project(files);
    await builder.build(first, '-t', 'again');
    const [before] = await images(builder, 'again');
    const again = await builder.build(first, '-t', 'again');
    assert.match(again, /CACHED/);
    assert.equal((await images(builder, 'again'))[0]?.Id, before?.Id);
    await builder.build(builder.project({ ...files, a: '2' }), '-t', 'again');
    const [now] = await images(builder, 'again');
    assert.notEqual(now?.Id, before?.Id);
    const dangling = (await builder.daemon.ok('GET', '/images/json?filters={"dangling":["true"]}')).json;
    assert.ok((dangling as ImageSummary[]).some(({ Id }) => Id === before?.Id));
    assert.equal(await builder.run(before?.Id as string, 'cat', '/a'), '1');
  });

  test('an image without a name is kept, and printed by its id', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo unnamed > /x\n' });
    const { stdout } = await builder.docker(['buildx', 'build', '-q', project]);
    assert.match(stdout.trim(), /^sha256:[0-9a-f]{64}$/);
    assert.equal(await builder.run(stdout.trim(), 'cat', '/x'), 'unnamed');
  });

  test('a failed step fails the build with its output and code', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo to no avail; exit 7\n' });
    const result = await builder.docker(['buildx', 'build', project], { allowFailure: true });
    assert.notEqual(result.code, 0);
    assert.match(result.stderr, /to no avail/);
    assert.match(result.stderr, /exit code: 7/);
  });

  test('steps are on the default bridge, or on the host where the build asks for it', async () => {
    const inspected = (await builder.daemon.ok('GET', '/networks/bridge')).json as {
      IPAM: { Config: { Gateway: string }[] };
      Containers: object;
    };
    const gateway = inspected.IPAM.Config[0]?.Gateway as string;
    const project = builder.project({
      Dockerfile:
        'FROM busybox\nARG GATEWAY\nRUN ip route > /route; ip -o link | wc -l >> /route; ping -c1 -W2 $GATEWAY\n',
    });
    await builder.build(project, '-t', 'routes', '--no-cache', '--build-arg', `GATEWAY=${gateway}`);
    const [route, ...rest] = (await builder.run('routes', 'cat', '/route')).split('\n');
    assert.equal(route, `default via ${gateway} dev eth0 `);
    assert.equal(rest.at(-1), '2');
    assert.deepEqual(inspected.Containers, {});
    const host = builder.project({ Dockerfile: 'FROM busybox\nRUN ls /sys/class/net > /links\n' });
    await builder.build(host, '-t', 'links', '--no-cache', '--network', 'host');
    assert.match(await builder.run('links', 'cat', '/links'), new RegExp(`^br${builder.daemon.name}$`, 'm'));
    const none = builder.project({ Dockerfile: 'FROM busybox\nRUN ip -o link | wc -l > /links\n' });
    await builder.build(none, '-t', 'none', '--no-cache', '--network', 'none');
    assert.equal(await builder.run('none', 'cat', '/links'), '1');
  });

  test('an SSH agent is forwarded to a step', {
    skip: existsSync('/usr/bin/ssh-agent') ? false : 'no ssh-agent',
  }, async () => {
    const agent = await exec('ssh-agent', ['-s']);
    const socket = /SSH_AUTH_SOCK=([^;]+)/.exec(agent.stdout)?.[1] as string;
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1]);
    try {
      const project = builder.project({
        Dockerfile: 'FROM busybox\nRUN --mount=type=ssh test -S "$SSH_AUTH_SOCK" && echo forwarded > /ssh\n',
      });
      await builder.docker(['buildx', 'build', '--ssh', 'default', '-t', 'ssh', project], {
        env: { SSH_AUTH_SOCK: socket },
      });
      assert.equal(await builder.run('ssh', 'cat', '/ssh'), 'forwarded');
    } finally {
      process.kill(pid);
    }
  });

  test('the cache is listed, counted and pruned', async () => {
    await builder.build(builder.project({ Dockerfile: 'FROM busybox\nRUN echo 1 > /cache-me\n' }), '-t', 'cached');
    const { stdout: listed } = await builder.docker(['buildx', 'du']);
    assert.match(listed, /RECLAIMABLE/);
    const { stdout: usage } = await builder.docker(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}']);
    assert.match(usage, /^Build Cache [1-9]/m);
    const { stdout: pruned } = await builder.docker(['builder', 'prune', '-f', '--filter', 'until=24h']);
    assert.match(pruned, /Total:?\s+(reclaimed space: )?0B/);
    const { stdout } = await builder.docker(['builder', 'prune', '-af']);
    assert.doesNotMatch(stdout, /Total:?\s+0B$/m);
    const { stdout: after } = await builder.docker(['buildx', 'du']);
    assert.match(after, /Total:?\s+0B/);
    // What was built is an image's, and no cache.
    assert.equal(await builder.run('cached', 'cat', '/cache-me'), '1');
  });

  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    test(`a build whose client gets ${signal} ends its step`, async () => {
      const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo started; sleep 1000\n' });
      const child = spawn('docker', ['buildx', 'build', '--no-cache', project], {
        env: { ...process.env, ...builder.environment() },
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      const exit = once(child, 'exit');
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await until('the step', () => /^#\d+ [\d.]+ started$/m.test(said));
      // The client is two processes: docker, and the plugin.
      process.kill(-(child.pid as number), signal);
      await exit;
      const steps = join(builder.daemon.directory, 'run/containerd/io.containerd.runtime.v2.task/pouch');
      await until('the end of the step', async () => (await exec('ls', [steps])).stdout.trim() === '');
    });
  }

  test('the log of pouchd has no complaint', () => {
    const log = readFileSync(join(builder.daemon.directory, 'pouchd.log'), 'utf8');
    const complaints = log.split('\n').filter((line) => / (WARN|ERROR) /.test(line) && !line.includes('API socket'));
    assert.deepEqual(complaints, []);
  });
});

async function images(builder: Builder, name: string): Promise<ImageSummary[]> {
  return (await builder.daemon.ok('GET', `/images/json?filters={"reference":["${name}"]}`)).json as ImageSummary[];
}
