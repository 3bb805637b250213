import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { build, type BuildOutcome, built, type ContextFiles, inside, tarOf } from './build.kit.ts';

const DOCKERFILE = 'FROM busybox\nCOPY . /all\n';

describe('build contexts that are made to do harm', { timeout: 600_000 }, () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await TestDaemon.start();
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  const refused = async (files: ContextFiles | Buffer, status: number, error: RegExp): Promise<BuildOutcome> => {
    const outcome = await build(daemon, files);
    assert.match(outcome.error, error);
    assert.equal(outcome.status, status, outcome.error);
    assert.deepEqual(readdirSync(`${daemon.directory}/root/build`), [], 'nothing is left on disk');
    return outcome;
  };

  test('names that lead out', async () => {
    const planted = `/tmp/pouch-planted-${daemon.name}`;
    await refused({ Dockerfile: DOCKERFILE, [`../../../../..${planted}`]: 'x' }, 400, /is outside of/);
    assert.ok(!existsSync(planted));
    await built(daemon, { Dockerfile: DOCKERFILE, [planted]: 'x' }, { t: 'hostile:absolute' });
    assert.ok(!existsSync(planted), 'a leading slash means the context');
  });

  test('writing and linking through links that the archive brought', async () => {
    const link = { type: 'symlink' as const, linkname: '/etc' };
    await refused(
      { Dockerfile: DOCKERFILE, out: link, 'out/pouch-planted': 'x' },
      400,
      /symlink 'out', which was made by the same archive/,
    );
    assert.ok(!existsSync('/etc/pouch-planted'));
    const hard = { type: 'link' as const, linkname: '../../../../../../etc/passwd' };
    await refused({ Dockerfile: DOCKERFILE, hard }, 400, /is outside of/);
    await refused(
      { Dockerfile: DOCKERFILE, out: link, hard: { type: 'link', linkname: 'out/passwd' } },
      400,
      /symlink/,
    );
  });

  test('links that lead out are followed inside the context only', async () => {
    const files = {
      Dockerfile: 'FROM busybox\nCOPY absolute /x',
      absolute: { type: 'symlink' as const, linkname: '/etc/passwd' },
    };
    const outcome = await build(daemon, files);
    assert.match(outcome.error, /COPY failed: (?:file not found in build context|No such file)/);
    const climbing = {
      Dockerfile: 'FROM busybox\nCOPY up/passwd /x',
      up: { type: 'symlink' as const, linkname: '../../../../../../etc' },
    };
    assert.match((await build(daemon, climbing)).error, /COPY failed/);
    const own = { Dockerfile: 'FROM busybox\nCOPY ../../../../etc/hostname /x' };
    assert.match((await build(daemon, own)).error, /COPY failed/);
    await built(
      daemon,
      { Dockerfile: DOCKERFILE, l: { type: 'symlink', linkname: '/etc/shadow' } },
      { t: 'hostile:link' },
    );
    assert.equal(
      await inside(daemon, 'hostile:link', 'readlink /all/l'),
      '/etc/shadow',
      'copied as the link that it is',
    );
  });

  test('a Dockerfile that is a link, a directory, too large, or left out', async () => {
    await built(daemon, { real: 'FROM busybox\nENV REAL=1', Dockerfile: { type: 'symlink', linkname: 'real' } });
    await refused(
      { Dockerfile: { type: 'symlink', linkname: '/etc/passwd' } },
      400,
      /Cannot locate specified Dockerfile/,
    );
    await refused(
      { Dockerfile: { type: 'symlink', linkname: 'Dockerfile' } },
      400,
      /Too many levels of symbolic links/,
    );
    await refused({ 'Dockerfile/x': 'x' }, 400, /Cannot locate specified Dockerfile/);
    await refused({ Dockerfile: Buffer.alloc(100 << 20, '# x\n') }, 413, /Dockerfile has more than 1048576 bytes/);
    const { id } = await built(
      daemon,
      { Dockerfile: 'FROM busybox\nCOPY . /all', '.dockerignore': 'Dockerfile\n.dockerignore', f: '1' },
      { t: 'hostile:ignored' },
    );
    assert.ok(id);
    assert.equal(await inside(daemon, 'hostile:ignored', 'ls -A /all'), 'f');
  });

  test('device nodes, and files that claim to be larger than any disk', async () => {
    const device = { type: 'character-device' as const, devmajor: 1, devminor: 3 };
    await refused({ Dockerfile: DOCKERFILE, device }, 400, /has a device node: 'device'/);
    const tar = await tarOf({ Dockerfile: DOCKERFILE, huge: '' });
    const at = tar.indexOf('huge\0');
    // 4 PiB in GNU's notation.
    tar.fill(0, at + 124, at + 136);
    tar[at + 124] = 0x80;
    tar.writeBigUInt64BE(1n << 52n, at + 128);
    tar.fill(' ', at + 148, at + 156);
    const sum = tar.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
    await refused(tar, 413, /the disk has no room for|impossible size/);
  });

  test('what is no archive, and one that breaks off', async () => {
    await refused(Buffer.from('this is no tar archive'.repeat(100)), 400, /archive is damaged/);
    const tar = await tarOf({ Dockerfile: DOCKERFILE, f: Buffer.alloc(10_000) });
    await refused(tar.subarray(0, 2000), 400, /ends too early/);
    await refused(Buffer.concat([Buffer.from([0x1f, 0x8b, 0x08, 0]), Buffer.alloc(100, 7)]), 400, /gzip|archive/i);
    await refused(Buffer.alloc(0), 400, /no context|Cannot locate/);
  });

  test('copying through links of the image stays in the image', async () => {
    const before = readFileSync('/etc/passwd', 'utf8');
    const files = {
      passwd: 'planted',
      Dockerfile: `
FROM busybox
RUN ln -s ../../../../../../../../etc /out && ln -s /proc/1/root/etc /proc-out && mkdir /etc/inner && ln -s /out/inner /deep
COPY passwd /out/passwd
COPY passwd /deep/
COPY passwd /proc-out/
`,
    };
    await built(daemon, files, { t: 'hostile:image' });
    assert.equal(readFileSync('/etc/passwd', 'utf8'), before);
    assert.equal(await inside(daemon, 'hostile:image', 'cat /etc/passwd /etc/inner/passwd'), 'plantedplanted');
    const from = `FROM busybox AS a\nRUN ln -s /etc /etc-link && ln -s ../../../../etc/shadow /up\nFROM busybox\nCOPY --from=a /etc-link/group /g\nCOPY --from=a /up /s`;
    assert.match((await build(daemon, { Dockerfile: from })).error, /COPY failed/);
  });

  test('a step that leaves links where the engine mounts takes nothing of the host along', async () => {
    const dockerfile = `
FROM busybox
RUN rm -rf /dev/shm; mkdir -p /x && ln -s /etc /x/etc
FROM scratch
COPY --from=busybox /bin /bin
COPY --from=0 /x /
RUN ["/bin/busybox", "true"]
`;
    const hosts = readFileSync('/etc/hosts', 'utf8');
    const outcome = await build(daemon, { Dockerfile: dockerfile });
    assert.equal(readFileSync('/etc/hosts', 'utf8'), hosts);
    assert.ok(outcome.status === 200);
  });

  test('a pattern and a wildcard made to take for ever take no time', async () => {
    const files = {
      Dockerfile: `FROM busybox\nCOPY ${'*a'.repeat(40)}b /x/\n`,
      '.dockerignore': `${'**/*a'.repeat(200)}\n`,
      ['a'.repeat(200)]: '',
    };
    const begin = Date.now();
    const outcome = await build(daemon, files);
    assert.match(outcome.error, /no source files were specified/);
    assert.ok(Date.now() - begin < 20_000);
  });
});
