import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { build, built, inside, inspectImage } from './build.kit.ts';

describe('instructions of a Dockerfile', { timeout: 600_000 }, () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await TestDaemon.start();
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  test('the configuration of an image is what its instructions say', async () => {
    const dockerfile = `
FROM busybox
MAINTAINER somebody <a@b>
ARG VERSION=1
ENV A=one B="two words" \\
    C=\${A}-\${VERSION}
ENV OLD the rest of it
LABEL a=b "c d"='e f'
EXPOSE 80 53/udp 100-102
USER user:extra
WORKDIR /one
WORKDIR two
VOLUME /data "/more"
VOLUME ["/json list"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --retries=3 CMD wget -q localhost || exit 1
SHELL ["/bin/sh", "-ec"]
ONBUILD RUN echo triggered
ENTRYPOINT ["/bin/echo", "hello"]
CMD world
`;
    const { id, text } = await built(
      daemon,
      { Dockerfile: dockerfile },
      { t: 'config:test', labels: '{"from":"flag \'x\'"}' },
    );
    const { Config, Author, Id, Os } = await inspectImage(daemon, 'config:test');
    assert.equal(Id, id);
    assert.equal(Os, 'linux');
    assert.equal(Author, 'somebody <a@b>');
    assert.deepEqual(
      Config?.Env?.filter((entry) => !entry.startsWith('PATH=')),
      ['A=one', 'B=two words', 'C=-1', 'OLD=the rest of it'],
    );
    assert.deepEqual(Config?.Labels, { a: 'b', 'c d': 'e f', from: "flag 'x'" });
    assert.deepEqual(Object.keys(Config?.ExposedPorts ?? {}).toSorted(), [
      '100/tcp',
      '101/tcp',
      '102/tcp',
      '53/udp',
      '80/tcp',
    ]);
    assert.equal(Config?.User, 'user:extra');
    assert.equal(Config?.WorkingDir, '/one/two');
    assert.deepEqual(Object.keys(Config?.Volumes ?? {}).toSorted(), ['/data', '/json list', '/more']);
    assert.equal(Config?.StopSignal, 'SIGTERM');
    assert.deepEqual(Config?.Healthcheck, {
      Test: ['CMD-SHELL', 'wget -q localhost || exit 1'],
      Interval: 5_000_000_000,
      Retries: 3,
    });
    assert.deepEqual(Config?.Shell, ['/bin/sh', '-ec']);
    assert.deepEqual(Config?.OnBuild, ['RUN echo triggered']);
    assert.deepEqual(Config?.Entrypoint, ['/bin/echo', 'hello']);
    assert.deepEqual(Config?.Cmd, ['/bin/sh', '-ec', 'world']);
    assert.match(text, /^Step 1\/19 : FROM busybox\n ---> [0-9a-f]{12}\n/);
    assert.match(text, /\nSuccessfully built [0-9a-f]{12}\nSuccessfully tagged config:test\n$/);
  });

  test('ENTRYPOINT forgets the CMD of the base, and keeps the one of this stage', async () => {
    await built(daemon, { Dockerfile: 'FROM busybox\nENTRYPOINT ["a"]' }, { t: 'entry:1' });
    await built(daemon, { Dockerfile: 'FROM busybox\nCMD ["b"]\nENTRYPOINT ["a"]' }, { t: 'entry:2' });
    assert.equal((await inspectImage(daemon, 'entry:1')).Config?.Cmd ?? null, null);
    assert.deepEqual((await inspectImage(daemon, 'entry:2')).Config?.Cmd, ['b']);
  });

  test('RUN in shell form, exec form, with SHELL, as a user, in the working directory', async () => {
    const dockerfile = `
FROM busybox
RUN mkdir /w && chmod 777 /w
WORKDIR /w
USER user
RUN echo "$(id -u) $PWD" > shell
RUN ["/bin/sh", "-c", "echo exec > exec"]
SHELL ["/bin/sh", "-xc"]
RUN echo traced
`;
    const { text } = await built(daemon, { Dockerfile: dockerfile }, { t: 'run:test' });
    assert.equal(await inside(daemon, 'run:test', 'cat shell exec; stat -c %u shell'), '1000 /w\nexec\n1000');
    assert.match(text, /\u001b\[91m\+ echo traced/, 'standard error is red');
    assert.match(text, / ---> Running in [0-9a-f]{12}\n/);
    assert.match(text, / ---> Removed intermediate container [0-9a-f]{12}\n/);
  });

  test('COPY: files, directories, wildcards, names with blanks, JSON form, renames', async () => {
    const files = {
      'a.txt': 'A',
      'b.txt': 'B',
      'c d.txt': 'CD',
      'sub/x/deep': 'deep',
      'sub/run.sh': { content: '#!/bin/sh\n', mode: 0o755 },
      'sub/link': { type: 'symlink' as const, linkname: 'run.sh' },
      Dockerfile: `
FROM busybox
COPY a.txt /plain
COPY a.txt b.txt /dir/
COPY *.txt /glob/
COPY ["c d.txt", "/blank in name"]
COPY sub /sub
COPY sub/ /sub2/
COPY . /all
WORKDIR /rel
COPY a.txt .
COPY a.txt ./other
COPY sub/link /followed
`,
    };
    await built(daemon, files, { t: 'copy:test' });
    const script = `cd / && cat plain dir/a.txt dir/b.txt 'glob/c d.txt' 'blank in name' sub/x/deep sub2/x/deep rel/a.txt rel/other all/a.txt;
      stat -c '%a %u' /sub/run.sh; readlink /sub/link; ls /glob; test -L /followed || echo file; stat -c %Y /plain`;
    assert.equal(
      await inside(daemon, 'copy:test', script),
      'AABCDCDdeepdeepAAA755 0\nrun.sh\na.txt\nb.txt\nc d.txt\nfile\n1700000000',
    );
  });

  test('COPY onto what is there: into a directory behind a link, over a file, through links that stay inside', async () => {
    const dockerfile = `
FROM busybox
RUN mkdir -p /real/inner && ln -s /real /link && echo old > /real/file && ln -s ../../../../../../real/file /outside
COPY a.txt /link/
COPY a.txt /real/file
COPY a.txt /link/new/dir/name
COPY a.txt /outside
`;
    await built(daemon, { 'a.txt': 'new', Dockerfile: dockerfile }, { t: 'copy:onto' });
    assert.equal(
      await inside(
        daemon,
        'copy:onto',
        'cat /real/a.txt /real/file /real/new/dir/name; readlink /outside; readlink /link',
      ),
      'newnewnew../../../../../../real/file\n/real',
    );
  });

  test('--chown and --chmod, with names of the image and numbers', async () => {
    const files = {
      'd/f': 'x',
      Dockerfile: `
FROM busybox
COPY --chown=user d /by-name
COPY --chown=7:8 --chmod=0640 d/f /by-number
ADD --chown=user:extra --chmod=755 d/f /added/f
`,
    };
    await built(daemon, files, { t: 'chown:test' });
    assert.equal(
      await inside(daemon, 'chown:test', "stat -c '%u:%g' /by-name/f; stat -c '%u:%g %a' /by-number /added/f"),
      '1000:1000\n7:8 640\n1000:2000 755',
    );
    const refused = await build(daemon, { f: '', Dockerfile: 'FROM busybox\nCOPY --chown=nobody-here f /' });
    assert.match(refused.error, /unable to find user nobody-here/);
  });

  test('here-documents', async () => {
    const dockerfile = `
FROM busybox
ENV WHO=world
COPY <<EOF /hello
Hello \${WHO}, \\$HOME stays
EOF
COPY <<"ONE" <<-TWO /many/
as it is: $WHO
ONE
	no tabs
	TWO
RUN <<EOF
echo first > /first
if true; then echo second > /second; fi
EOF
RUN cat <<EOF > /third
third
EOF
`;
    await built(daemon, { Dockerfile: dockerfile }, { t: 'heredoc:test' });
    assert.equal(
      await inside(daemon, 'heredoc:test', 'cat /hello /many/ONE /many/TWO /first /second /third'),
      'Hello world, $HOME stays\nas it is: $WHO\nno tabs\nfirst\nsecond\nthird',
    );
  });

  test('ONBUILD triggers run in the child, and only there', async () => {
    const parent = 'FROM busybox\nONBUILD COPY payload /payload\nONBUILD RUN echo seen > /seen\nONBUILD ENV T=1';
    await built(daemon, { Dockerfile: parent }, { t: 'onbuild:parent' });
    const { text } = await built(
      daemon,
      { payload: 'p', Dockerfile: 'FROM onbuild:parent\nRUN cat /payload /seen' },
      { t: 'onbuild:child' },
    );
    assert.match(text, /# Executing 3 build triggers\n/);
    assert.match(text, /pseen\n/);
    const { Config } = await inspectImage(daemon, 'onbuild:child');
    assert.equal(Config?.OnBuild ?? null, null);
    assert.ok(Config?.Env?.includes('T=1'));
  });

  test('the escape directive, line continuations and comments inside them', async () => {
    const dockerfile =
      '# escape=`\nFROM busybox\nENV A=1`\n  B=C:\\dir\n# comment\nRUN echo a `\n  # inner\n  b > /out\n';
    await built(daemon, { Dockerfile: dockerfile }, { t: 'escape:test' });
    assert.equal(await inside(daemon, 'escape:test', 'cat /out; echo $B'), 'a b\nC:\\dir');
  });

  test('variables in the forms of both builders', async () => {
    const dockerfile = `
ARG EMPTY=
FROM busybox
ARG name=value.tar.gz
ARG unset
ENV FULL=file-$name DEFAULT=\${unset:-d} SET=\${name:+s} NOT=\${unset:+n} PLAIN=\${name} \\
    SHORT=\${name%.*} LONG=\${name%%.*} FRONT=\${name#*.} ALLFRONT=\${name##*.} SWAP=\${name/tar/zip} ALL=\${name//a/A} \\
    ESCAPED=\\$name SINGLE='$name' NESTED=\${unset:-\${name:-x}}
`;
    await built(daemon, { Dockerfile: dockerfile }, { t: 'expand:test' });
    const { Config } = await inspectImage(daemon, 'expand:test');
    const env = new Map(Config?.Env?.map((entry) => entry.split('=', 2) as [string, string]));
    const wanted = {
      FULL: 'file-value.tar.gz',
      DEFAULT: 'd',
      SET: 's',
      NOT: '',
      PLAIN: 'value.tar.gz',
      SHORT: 'value.tar',
      LONG: 'value',
      FRONT: 'tar.gz',
      ALLFRONT: 'gz',
      SWAP: 'value.zip.gz',
      ALL: 'vAlue.tAr.gz',
      ESCAPED: '$name',
      SINGLE: '$name',
      NESTED: 'value.tar.gz',
    };
    for (const [name, value] of Object.entries(wanted)) assert.equal(env.get(name), value, name);
  });

  test('build arguments: given, default, before FROM, proxies, and those that nobody asked for', async () => {
    const dockerfile = `
ARG BASE=nothing
ARG GLOBAL=global
FROM \${BASE}
ARG GLOBAL
ARG given=default
ARG kept=default
RUN echo "$GLOBAL $given $kept $undeclared $HTTP_PROXY" > /out
ENV given=from-env
RUN echo "$given" >> /out
`;
    const buildargs = JSON.stringify({ BASE: 'busybox', given: 'g', undeclared: 'u', HTTP_PROXY: 'http://p' });
    const { text } = await built(daemon, { Dockerfile: dockerfile }, { t: 'args:test', buildargs });
    assert.equal(await inside(daemon, 'args:test', 'cat /out'), 'global g default  http://p\nfrom-env');
    assert.match(text, /\[Warning\] One or more build-args \[undeclared\] were not consumed\n/);
    const history = (await daemon.ok('GET', '/images/args:test/history')).json as { CreatedBy: string }[];
    const run = history.find(({ CreatedBy }) => CreatedBy.includes('echo "$GLOBAL'));
    assert.match(run?.CreatedBy ?? '', /^\|3 GLOBAL=global given=g kept=default \/bin\/sh -c echo/);
    assert.ok(!JSON.stringify(history).includes('http://p'), 'a proxy is no part of the history');
  });
});
