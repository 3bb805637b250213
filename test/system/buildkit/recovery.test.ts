/** Deaths of pouchd and of buildkitd, at rest and in the middle of a build. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { leftBehind, readHostState, type HostState } from '../../harness/host-state.ts';
import { Builder, missingForBuilds, until } from './builder.kit.ts';

const SLOW = 'FROM busybox\nRUN echo begun; sleep 1000\n';

suite('builds and deaths', { skip: missingForBuilds(), timeout: 600_000 }, () => {
  let builder: Builder;
  let host: HostState;

  before(async () => {
    host = await readHostState();
    builder = await Builder.start();
  });
  after(async () => {
    await builder[Symbol.asyncDispose]();
  });

  /** Begin a build that does not end; resolves when its step runs. */
  async function begin(): Promise<{ child: ChildProcess; said: () => string; exit: Promise<unknown> }> {
    const child = spawn('docker', ['buildx', 'build', '--no-cache', builder.project({ Dockerfile: SLOW })], {
      env: { ...process.env, ...builder.environment() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    const exit = once(child, 'exit');
    await until('the step', () => /^#\d+ [\d.]+ begun$/m.test(text));
    return { child, said: () => text, exit };
  }

  const steps = (): string[] => {
    const bundles = join(builder.daemon.directory, 'run/containerd/io.containerd.runtime.v2.task/pouch');
    return existsSync(bundles) ? readdirSync(bundles).filter((id) => /^[0-9a-z]{25}$/.test(id)) : [];
  };

  test('pouchd killed in the middle of a build: the step ends, and the next pouchd builds with the same buildkitd', async () => {
    await builder.build(builder.project({ Dockerfile: 'FROM busybox\nRUN echo kept > /kept\n' }), '-t', 'kept');
    const pid = builder.buildkitdPid;
    const { exit } = await begin();
    await builder.daemon.down('SIGKILL');
    await exit;
    await builder.daemon.up();
    assert.equal(builder.buildkitdPid, pid);
    await until('the end of the step', () => steps().length === 0);
    const said = await builder.build(
      builder.project({ Dockerfile: 'FROM busybox\nRUN echo kept > /kept\nRUN ip route > /route\n' }),
      '-t',
      'kept',
    );
    assert.match(said, /CACHED/);
    assert.equal(await builder.run('kept', 'cat', '/kept'), 'kept');
    assert.equal(builder.buildkitdPid, pid);
  });

  test('buildkitd killed in the middle of a build: the client hears of it, what it left goes, and it is there again', async () => {
    const pid = builder.buildkitdPid as number;
    const { said, exit } = await begin();
    process.kill(pid, 'SIGKILL');
    const [code] = (await exit) as [number];
    assert.notEqual(code, 0);
    assert.match(said(), /ERROR: .*(BuildKit ended|Unavailable|closing|EOF)/);
    await until('another buildkitd', () => builder.buildkitdPid !== undefined && builder.buildkitdPid !== pid);
    await until('the end of the step', () => steps().length === 0);
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    assert.deepEqual(
      mounts.filter((line) => line.includes(join(builder.daemon.directory, 'run/buildkit/tmp'))),
      [],
    );
    await builder.build(builder.project({ Dockerfile: 'FROM busybox\nRUN ip route > /r\n' }), '-t', 'after');
    assert.match(await builder.run('after', 'cat', '/r'), /^default via/);
  });

  test('both killed: the next pouchd clears away what they left, and builds when it is asked to', async () => {
    const pid = builder.buildkitdPid as number;
    const { exit } = await begin();
    // Stopped, it cannot end its step because its client is gone.
    process.kill(pid, 'SIGSTOP');
    await builder.daemon.down('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await exit;
    assert.equal(steps().length, 1);
    await builder.daemon.up();
    await until('the end of the step', () => steps().length === 0);
    await builder.build(builder.project({ Dockerfile: 'FROM busybox\nRUN ip route > /r\n' }), '-t', 'last');
    assert.match(await builder.run('last', 'cat', '/r'), /^default via/);
  });

  test('containerd killed between builds: BuildKit finds the new one, and its cache is as before', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN ip route > /r\nRUN echo more > /more\n' });
    process.kill(builder.daemon.containerdPid, 'SIGKILL');
    let said = '';
    // BuildKit's own connection has a pause before it tries again, and until then it says so.
    await until('a build', async () => {
      const build = await builder.docker(['buildx', 'build', '-t', 'more', project], { allowFailure: true });
      if (build.code !== 0) assert.match(build.stderr, /containerd\.sock|error reading from server|Unavailable/);
      said = build.stderr;
      return build.code === 0;
    });
    assert.match(said, /CACHED/);
    assert.equal(await builder.run('more', 'cat', '/more'), 'more');
  });

  test('a step’s shim is nobody’s leftover while BuildKit runs, and is one for the next BuildKit', async () => {
    const { directory, containerdPid } = builder.daemon;
    const program = join(directory, 'containerd-shim-of-a-test');
    copyFileSync('/bin/sh', program);
    const shim = (id: string): ChildProcess => {
      const address = join(directory, 'run/containerd/containerd.sock');
      const words = ['-namespace', 'pouch', '-address', address, '-id', id];
      return spawn(program, ['-c', 'read line', 'shim', ...words], { stdio: ['pipe', 'ignore', 'ignore'] });
    };
    const [step, lost] = [shim('s'.repeat(25)), shim('a'.repeat(64))];
    try {
      process.kill(containerdPid, 'SIGKILL');
      await until('the end of the lost shim', () => lost.signalCode === 'SIGKILL');
      assert.equal(await builder.run('last', 'echo', 'a'), 'a');
      assert.equal(step.signalCode, null);
      const pid = builder.buildkitdPid as number;
      process.kill(pid, 'SIGKILL');
      await until('the end of the step', () => step.signalCode === 'SIGKILL');
      await until('another buildkitd', () => builder.buildkitdPid !== undefined && builder.buildkitdPid !== pid);
    } finally {
      for (const child of [step, lost]) child.kill('SIGKILL');
    }
  });

  test('containers do not mind', async () => {
    const { stdout } = await builder.docker(['run', '-d', 'busybox', 'sleep', '1000']);
    const id = stdout.trim();
    const { exit } = await begin();
    process.kill(builder.buildkitdPid as number, 'SIGKILL');
    await exit;
    await builder.daemon.down('SIGKILL');
    await builder.daemon.up();
    const { stdout: state } = await builder.docker(['inspect', '-f', '{{.State.Running}}', id]);
    assert.equal(state.trim(), 'true');
    await builder.docker(['rm', '-f', id]);
  });

  test('tearing down leaves nothing', async () => {
    const { exit } = await begin();
    await builder.daemon[Symbol.asyncDispose]();
    await exit;
    const ours = leftBehind(host, await readHostState()).filter((line) => line.includes(builder.daemon.name));
    assert.deepEqual(ours, []);
    builder = await Builder.start();
  });
});
