/** `pouch build` and `pouch compose build` with the daemon's BuildKit. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { exec, type ExecResult } from '@pouch/base';
import { Builder, BUILDKITD, until } from './builder.kit.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const EXECUTABLE = join(ROOT, 'dist/pouch');
const SOURCES = [process.execPath, join(ROOT, 'packages/cli/src/main.ts')];
const skip = BUILDKITD === undefined ? 'there is no buildkitd here (name a directory in POUCH_COMPAT_CLIENTS)' : false;

suite('pouch build with BuildKit', { skip, timeout: 600_000 }, () => {
  let builder: Builder;

  before(async () => {
    builder = await Builder.start();
  });
  after(async () => {
    await builder[Symbol.asyncDispose]();
  });

  const environment = (): Record<string, string> => ({
    POUCH_HOST: `unix://${builder.daemon.socket}`,
    HOME: builder.daemon.directory,
    NO_COLOR: '1',
  });

  async function pouch(
    args: readonly string[],
    options: { input?: string; cwd?: string; allowFailure?: boolean; env?: Record<string, string> } = {},
    program: readonly string[] = SOURCES,
  ): Promise<ExecResult> {
    const { env, ...rest } = options;
    const [command = '', ...words] = program;
    return await exec(command, [...words, ...args], {
      timeout: 120_000,
      ...rest,
      env: { ...environment(), ...env },
    });
  }

  async function run(...args: string[]): Promise<string> {
    return (await pouch(['run', '--rm', ...args])).stdout.trim();
  }

  for (const [name, program] of [
    ['sources', SOURCES],
    ['executable', [EXECUTABLE]],
  ] as const) {
    test(`stages, arguments, secrets, cache mounts, by the ${name}`, {
      skip: name === 'executable' && !existsSync(EXECUTABLE) ? 'nothing is built (npm run build)' : false,
    }, async () => {
      const project = builder.project({
        Dockerfile: `FROM busybox AS base
RUN echo ${name} > /hello
FROM base AS last
ARG WHO=nobody
COPY . /context
RUN --mount=type=cache,target=/cache echo cached >> /cache/${name} && cp /cache/${name} /cached
RUN --mount=type=secret,id=word --mount=type=secret,id=env cat /run/secrets/word /run/secrets/env > /secrets
RUN echo $WHO > /who
CMD ["cat", "/hello", "/cached", "/secrets", "/who", "/context/dir/file"]
FROM base AS never
RUN exit 1
`,
        'dir/file': 'in the context\n',
        'ignored/file': 'not sent\n',
        '.dockerignore': 'ignored\nword\n',
        word: 'from a file, ',
      });
      const flags = ['--secret', `id=word,src=${project}/word`, '--secret', 'id=env,env=WORD', '--target', 'last'];
      const arguments_ = ['build', '-t', `stages:${name}`, ...flags, '--build-arg', 'WHO=somebody', '--label', 'a=b'];
      const { stderr, stdout } = await pouch([...arguments_, project], { env: { WORD: 'from a variable\n' } }, program);
      assert.match(stderr, /^#\d+ \[last \d\/\d\] RUN echo somebody > \/who$/m);
      assert.equal(stdout, '');
      assert.equal(
        await run(`stages:${name}`),
        `${name}\ncached\nfrom a file, from a variable\nsomebody\nin the context`,
      );
      assert.equal(await run(`stages:${name}`, 'ls', '-A', '/context'), '.dockerignore\nDockerfile\ndir');
      const label = await pouch(['inspect', '-f', '{{.Config.Labels.a}}', `stages:${name}`]);
      assert.equal(label.stdout, 'b\n');
      const again = await pouch([...arguments_, project], { env: { WORD: 'from a variable\n' } }, program);
      assert.match(again.stderr, /CACHED/);
    });
  }

  test('a large context goes whole, with modes, links and names of any kind; later only what has changed', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nCOPY . /c\nRUN find /c -type f | wc -l > /count\n' });
    for (let directory = 0; directory < 20; directory += 1) {
      mkdirSync(join(project, `d${directory}`));
      for (let file = 0; file < 60; file += 1) {
        writeFileSync(join(project, `d${directory}/f${file}`), `${directory} ${file}\n`);
      }
    }
    writeFileSync(join(project, 'big'), Buffer.alloc(24 << 20, 'x'));
    writeFileSync(join(project, 'grüße, Welt'), 'umlaut');
    writeFileSync(join(project, 'script'), '#!/bin/sh\n', { mode: 0o755 });
    chmodSync(join(project, 'script'), 0o4755);
    symlinkSync('d1/f1', join(project, 'link'));
    symlinkSync('/outside', join(project, 'broken'));
    await pouch(['build', '-t', 'large', project]);
    assert.equal(await run('large', 'cat', '/count'), String(20 * 60 + 4));
    const checks =
      'stat -c "%a %u" /c/script; readlink /c/link; readlink /c/broken; md5sum < /c/big; cat "/c/grüße, Welt"';
    const sum = (await exec('md5sum', [join(project, 'big')])).stdout.split(' ')[0];
    assert.equal(await run('large', 'sh', '-c', checks), `4755 0\nd1/f1\n/outside\n${sum}  -\numlaut`);
    writeFileSync(join(project, 'd3/f3'), 'changed\n');
    const { stderr } = await pouch(['build', '-t', 'large', project]);
    // 24 MB did not travel again.
    assert.match(stderr, /transferring context: \d+(\.\d+)?kB/);
    assert.equal(await run('large', 'cat', '/c/d3/f3'), 'changed');
  });

  test('only what is asked for is sent: sources of COPY, with what their links lead to', async () => {
    const project = builder.project({
      Dockerfile: 'FROM busybox\nCOPY *.conf link/*.txt /etc/x/\n',
      'a.conf': 'a',
      'b.conf': 'b',
      'real/one.txt': '1',
      'real/two.md': '2',
    });
    symlinkSync('real', join(project, 'link'));
    writeFileSync(join(project, 'huge'), Buffer.alloc(30 << 20));
    const { stderr } = await pouch(['build', '-t', 'some', project]);
    assert.match(stderr, /transferring context: \d+B/);
    assert.equal(await run('some', 'ls', '/etc/x'), 'a.conf\nb.conf\none.txt');
  });

  test('contexts: a Dockerfile or an archive from standard input, a Dockerfile elsewhere, a URL, and named ones', async () => {
    await pouch(['build', '-t', 'piped', '-'], { input: 'FROM busybox\nCMD ["echo", "piped"]\n' });
    assert.equal(await run('piped'), 'piped');
    const project = builder.project({
      Dockerfile: 'FROM busybox\nCOPY file /file\nCMD ["cat", "/file"]\n',
      file: 'in an archive',
      'other/Other.Dockerfile': 'FROM busybox\nCOPY file /file\nCMD ["sh", "-c", "cat /file; echo , other"]\n',
    });
    const archive = join(builder.daemon.directory, 'context.tgz');
    await exec('tar', ['-C', project, '-czf', archive, '.']);
    const { stdout } = await exec('sh', ['-c', `${SOURCES.join(' ')} build -q -t archived - < ${archive}`], {
      env: environment(),
    });
    assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/);
    assert.equal(await run('archived'), 'in an archive');
    const elsewhere = builder.project({ Dockerfile: 'FROM busybox\nCOPY file /f\nCMD ["cat", "/f"]\n' });
    await pouch(['build', '-t', 'elsewhere', '-f', join(elsewhere, 'Dockerfile'), project]);
    assert.equal(await run('elsewhere'), 'in an archive');
    await pouch(['build', '-t', 'inside', '-f', join(project, 'other/Other.Dockerfile'), project]);
    assert.equal(await run('inside'), 'in an archive, other');
    await pouch(['build', '-t', 'text', '-f', '-', project], {
      input: 'FROM busybox\nCOPY file /\nCMD ["cat", "file"]\n',
    });
    assert.equal(await run('text'), 'in an archive');
    const server = createServer((_request, response) => void response.end(readFileSync(archive)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/context.tgz`;
      await pouch(['build', '-t', 'fetched', url]);
      assert.equal(await run('fetched'), 'in an archive');
    } finally {
      server.close();
    }
    const named = builder.project({
      Dockerfile: 'FROM base\nCOPY --from=more file /more\nCMD ["cat", "/file", "/more"]\n',
    });
    const contexts = ['--build-context', `more=${project}`, '--build-context', 'base=docker-image://archived'];
    await pouch(['build', '-t', 'named', ...contexts, named]);
    assert.equal(await run('named'), 'in an archivein an archive');
  });

  test('outputs: a directory, archives in a file and on standard output, several at once', async () => {
    const project = builder.project({
      Dockerfile: `FROM busybox AS made
RUN mkdir -p /out/dir && echo made > /out/dir/file && chmod 4750 /out/dir/file && ln -s dir/file /out/link \
  && ln /out/dir/file /out/hard && touch -d @1000000000 /out/dir
FROM scratch
COPY --from=made /out /
CMD ["x"]
`,
    });
    const out = join(project, 'dist');
    mkdirSync(out);
    // What stands in the way must not lead elsewhere.
    symlinkSync('/tmp', join(out, 'dir'));
    writeFileSync(join(out, 'stays'), 'mine');
    await pouch(['build', '-o', out, project]);
    assert.equal(readFileSync(join(out, 'link'), 'utf8'), 'made\n');
    assert.equal(statSync(join(out, 'dir/file')).mode & 0o7777, 0o4750);
    assert.equal(statSync(join(out, 'dir')).mtimeMs, 1e12);
    assert.equal(statSync(join(out, 'hard')).ino, statSync(join(out, 'dir/file')).ino);
    assert.equal(readFileSync(join(out, 'stays'), 'utf8'), 'mine');
    const flags = ['-o', `type=tar,dest=${out}/all.tar`, '-o', `type=docker,dest=${out}/image.tar`, '-t', 'both'];
    await pouch(['build', ...flags, '-o', 'type=image', project]);
    assert.equal((await exec('tar', ['-xOf', join(out, 'all.tar'), 'dir/file'])).stdout, 'made\n');
    assert.match((await exec('tar', ['-tf', join(out, 'image.tar')])).stdout, /manifest\.json/);
    assert.match((await pouch(['images', '-q', 'both'])).stdout, /^[0-9a-f]{12}\n$/);
    const { stdout } = await exec('sh', ['-c', `${SOURCES.join(' ')} build -o - ${project} | tar -tf -`], {
      env: environment(),
    });
    assert.match(stdout, /dir\/file/);
  });

  test('the id goes to a file, what BuildKit says to another; several platforms are one image', async () => {
    const project = builder.project({ Dockerfile: 'FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\n' });
    const flags = ['--iidfile', join(project, 'id'), '--metadata-file', join(project, 'meta')];
    await pouch(['build', '-t', 'wide', '--platform', 'linux/amd64,linux/arm64', ...flags, project]);
    const id = readFileSync(join(project, 'id'), 'utf8');
    const { stdout } = await pouch(['images', '--no-trunc', '-q', 'wide']);
    assert.equal(stdout.trim(), id);
    const metadata = JSON.parse(readFileSync(join(project, 'meta'), 'utf8')) as Record<string, unknown>;
    assert.equal(metadata['containerimage.digest'], id);
    assert.equal((metadata['containerimage.descriptor'] as { digest: string }).digest, id);
  });

  test('an SSH agent is forwarded to a step', {
    skip: existsSync('/usr/bin/ssh-agent') ? false : 'no ssh-agent',
  }, async () => {
    const agent = await exec('ssh-agent', ['-s']);
    const socket = /SSH_AUTH_SOCK=([^;]+)/.exec(agent.stdout)?.[1] as string;
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1]);
    try {
      // The agent's protocol by hand: a request for its keys, and its answer that there are none.
      const ask = `printf '\\000\\000\\000\\001\\013' | timeout 5 nc local:$SSH_AUTH_SOCK | od -An -tx1 > /answer`;
      const Dockerfile = `FROM busybox\nRUN --mount=type=ssh ${ask}; test -S "$SSH_AUTH_SOCK" && echo forwarded > /ssh\n`;
      const project = builder.project({ Dockerfile });
      await pouch(['build', '--ssh', 'default', '-t', 'ssh', project], { env: { SSH_AUTH_SOCK: socket } });
      assert.equal(await run('ssh', 'cat', '/ssh'), 'forwarded');
    } finally {
      process.kill(pid);
    }
    const missing = await pouch(['build', '--ssh', 'default', '-'], { input: 'FROM busybox\n', allowFailure: true });
    assert.notEqual(missing.code, 0);
    assert.match(missing.stderr, /no SSH agent is running here/);
  });

  test('a failed step fails the build with its output; a missing Dockerfile or context is told', async () => {
    const failing = { Dockerfile: 'FROM busybox\nRUN echo to no avail; exit 7\n' };
    const failed = await pouch(['build', builder.project(failing)], { allowFailure: true });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /#\d+ [\d.]+ to no avail/);
    assert.match(failed.stderr, /exit code: 7/);
    const empty = await pouch(['build', builder.project({ a: '' })], { allowFailure: true });
    assert.match(empty.stderr, /there is no Dockerfile in .*--file/);
    const nowhere = await pouch(['build', join(builder.daemon.directory, 'nowhere')], { allowFailure: true });
    assert.match(nowhere.stderr, /not found/);
    const secret = await pouch(['build', '--secret', 'id=x,src=/nowhere', '-'], {
      input: 'FROM a\n',
      allowFailure: true,
    });
    assert.match(secret.stderr, /there is no file \/nowhere/);
  });

  test('the classic builder builds where it is asked for, or where only it can', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo classic\n' });
    const classic = /^Step 1\/2 : FROM busybox/m;
    assert.match((await pouch(['build', '--classic', project])).stdout, classic);
    assert.match((await pouch(['build', project], { env: { DOCKER_BUILDKIT: '0' } })).stdout, classic);
    assert.match((await pouch(['build', '--memory', '64m', project])).stdout, classic);
    assert.match((await pouch(['build', project])).stderr, /^#1 \[internal\] load build definition/m);
    const both = await pouch(['build', '--memory', '64m', '--secret', 'id=a,env=HOME', project], {
      allowFailure: true,
    });
    assert.match(both.stderr, /--secret is for BuildKit and --memory for the classic builder/);
    const without = ['build', '-o', 'x', project];
    const none = await pouch(without, { env: { DOCKER_BUILDKIT: '0' }, allowFailure: true });
    assert.match(none.stderr, /--output needs BuildKit/);
  });

  test('an interrupt ends the step, and the client with 130', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo started; sleep 1000\n' });
    const [command = '', ...words] = SOURCES;
    const child: ChildProcess = spawn(command, [...words, 'build', '--no-cache', '--progress', 'plain', project], {
      env: { ...process.env, ...environment() },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exit = once(child, 'exit');
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until('the step', () => /^#\d+ [\d.]+ started$/m.test(said));
    child.kill('SIGINT');
    assert.deepEqual(await exit, [130, null]);
    assert.match(said, /the build was cancelled/);
  });

  test('a terminal of 80 columns shows steps that run, and keeps those that have ended', {
    skip: existsSync('/usr/bin/script') ? false : 'no script(1)',
  }, async () => {
    const project = builder.project({
      Dockerfile: `FROM busybox\nRUN echo ${'long '.repeat(30)}; seq 1 50; sleep 1\nRUN echo last\n`,
    });
    const words = [...SOURCES, 'build', '--no-cache', '-t', 'screen', project].join(' ');
    const { stdout } = await exec('script', ['-qec', `stty cols 80 rows 24; ${words}`, '/dev/null'], {
      env: { ...environment(), TERM: 'xterm' },
      timeout: 60_000,
    });
    // eslint-disable-next-line no-control-regex
    const lines = stdout.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').split(/\r?\n|\r/);
    assert.deepEqual(
      lines.filter((line) => Array.from(line).length > 79),
      [],
    );
    assert.ok(
      lines.some((line) => /^\s+50$/.test(line)),
      'output of a step that runs',
    );
    assert.ok(
      lines.some((line) => /^✓ \[2\/3\] RUN echo long.*[\d.]+s$/.test(line)),
      'a step that has ended',
    );
  });

  test('compose builds with it: secrets, more contexts, inline Dockerfiles', async () => {
    const project = builder.project({
      'compose.yaml': `name: kit
services:
  app:
    build:
      context: app
      args: { WHAT: given }
      secrets: [word, { source: word, target: other }]
      additional_contexts: { more: more, base: "service:base" }
    image: kit-app
    depends_on: [base]
  base:
    build:
      dockerfile_inline: |
        FROM busybox
        RUN echo base > /base
    image: kit-base
secrets: { word: { file: ./word } }
`,
      'app/Dockerfile': `FROM base
ARG WHAT
COPY --from=more file /more
RUN --mount=type=secret,id=word --mount=type=secret,id=other cat /run/secrets/word /run/secrets/other > /words
RUN echo $WHAT > /what
CMD ["cat", "/base", "/more", "/words", "/what"]
`,
      'more/file': 'more\n',
      word: 'word\n',
    });
    const { stderr } = await pouch(['compose', 'build'], { cwd: project });
    assert.match(stderr, /Image kit-app {2}Built/);
    assert.equal(await run('kit-app'), 'base\nmore\nword\nword\ngiven');
    const classic = await pouch(['compose', 'build'], {
      cwd: project,
      env: { DOCKER_BUILDKIT: '0' },
      allowFailure: true,
    });
    assert.match(classic.stderr, /services\.app\.build\.additional_contexts needs BuildKit/);
  });
});
