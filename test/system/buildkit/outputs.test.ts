/** What becomes of a build: images for several platforms, files, archives, pushes, caches. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { exec } from '@pouch/base';
import { RealRegistry } from '../registry/real-registry.ts';
import { Builder, COMPOSE, missingForBuilds } from './builder.kit.ts';

const REGISTRY = existsSync('/usr/bin/docker-registry') ? false : 'there is no docker-registry here';

suite('outputs of a build', { skip: missingForBuilds() || REGISTRY, timeout: 600_000 }, () => {
  let builder: Builder;
  let registry: RealRegistry;

  before(async () => {
    registry = await RealRegistry.start();
    builder = await Builder.start(['--insecure-registries', registry.domain]);
  });
  after(async () => {
    await builder[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  test('files: a directory, and a tar archive', async () => {
    const project = builder.project({
      Dockerfile: 'FROM busybox AS b\nRUN echo made > /out\nFROM scratch\nCOPY --from=b /out /out\n',
    });
    const out = join(project, 'dist');
    await builder.build(project, '--output', `type=local,dest=${out}`);
    assert.equal(readFileSync(join(out, 'out'), 'utf8'), 'made\n');
    await builder.build(project, '--output', `type=tar,dest=${out}/all.tar`);
    assert.equal((await exec('tar', ['-xOf', join(out, 'all.tar'), 'out'])).stdout, 'made\n');
  });

  test('archives of images, which can be loaded again', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo archived > /x\nCMD ["cat", "/x"]\n' });
    for (const type of ['docker', 'oci']) {
      const archive = join(project, `${type}.tar`);
      await builder.build(project, '-t', `archive-${type}`, '--output', `type=${type},dest=${archive}`);
      assert.equal((await exec('tar', ['-tf', archive])).stdout.includes('index.json'), true);
      assert.equal((await builder.docker(['images', '-q', `archive-${type}`])).stdout, '');
      await builder.docker(['load', '-i', archive]);
      assert.equal(await builder.run(`archive-${type}`), 'archived');
    }
    await builder.build(project, '-t', 'loaded', '--load');
    assert.equal(await builder.run('loaded'), 'archived');
  });

  test('several platforms in one image', async () => {
    const project = builder.project({
      Dockerfile: 'FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\nCOPY f /\n',
      f: 'for all',
    });
    await builder.build(project, '-t', 'wide', '--platform', 'linux/amd64,linux/arm64');
    const { stdout } = await builder.docker(['image', 'ls', '--tree', 'wide']);
    assert.match(stdout, /linux\/amd64/);
    assert.match(stdout, /linux\/arm64/);
    const { stdout: arm } = await builder.docker([
      'image',
      'inspect',
      '--platform',
      'linux/arm64',
      'wide',
      '--format',
      '{{.Config.Labels.arch}}',
    ]);
    assert.equal(arm.trim(), 'arm64');
  });

  test('attestations are kept beside the image, and do not stand in its way', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo attested > /x\nCMD ["cat", "/x"]\n' });
    await builder.docker(['buildx', 'build', '-t', 'attested', '--provenance', 'mode=max', project]);
    assert.equal(await builder.run('attested'), 'attested');
    const image = (await builder.daemon.ok('GET', '/images/json?manifests=1&filters={"reference":["attested"]}'))
      .json as {
      Manifests: { Kind: string }[];
    }[];
    assert.deepEqual(image[0]?.Manifests.map(({ Kind }) => Kind).sort(), ['attestation', 'image']);
  });

  test('pushes go to the registry from BuildKit, and imagetools reads them there', async () => {
    const name = `${registry.domain}/pushed:1`;
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN echo pushed > /x\nCMD ["cat", "/x"]\n' });
    await builder.build(project, '-t', name, '--push');
    await builder.docker(['rmi', '-f', name], { allowFailure: true });
    await builder.docker(['pull', name]);
    assert.equal(await builder.run(name), 'pushed');
    const { stdout } = await builder.docker(['buildx', 'imagetools', 'inspect', name]);
    assert.match(stdout, /Name:\s+localhost:\d+\/pushed:1/);
    await builder.docker(['buildx', 'imagetools', 'create', '-t', `${registry.domain}/pushed:2`, name]);
    await builder.docker(['pull', `${registry.domain}/pushed:2`]);
  });

  test('an image of the registry is a base, and one that is here is not asked for there', async () => {
    await builder.docker(['tag', 'busybox', `${registry.domain}/base:1`]);
    await builder.docker(['push', `${registry.domain}/base:1`]);
    await builder.docker(['rmi', `${registry.domain}/base:1`]);
    const from = (name: string): string => builder.project({ Dockerfile: `FROM ${name}\nRUN echo ok > /ok\n` });
    await builder.build(from(`${registry.domain}/base:1`), '-t', 'from-registry');
    assert.equal(await builder.run('from-registry', 'cat', '/ok'), 'ok');
    await builder.docker(['tag', 'busybox', 'nowhere.invalid/only/here:1']);
    await builder.build(from('nowhere.invalid/only/here:1'), '-t', 'from-here');
    assert.equal(await builder.run('from-here', 'cat', '/ok'), 'ok');
  });

  test('caches: inline, in a registry, in a directory', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN date +%s%N > /date\n' });
    const directory = join(project, 'cache');
    const ref = `${registry.domain}/cache:1`;
    const caches: readonly [string, string][] = [
      [`type=local,dest=${directory}`, `type=local,src=${directory}`],
      [`type=registry,ref=${ref},mode=max`, `type=registry,ref=${ref}`],
      ['type=inline', `type=registry,ref=${registry.domain}/inline:1`],
    ];
    for (const [to, from] of caches) {
      await builder.build(project, '--no-cache', '-t', `${registry.domain}/inline:1`, '--push', '--cache-to', to);
      await builder.docker(['builder', 'prune', '-af']);
      const said = await builder.build(project, '-t', 'cached', '--cache-from', from);
      assert.match(said, /CACHED/, to);
    }
  });

  test('bake builds groups of targets', async () => {
    const project = builder.project({
      Dockerfile: 'FROM busybox\nARG N\nRUN echo $N > /n\n',
      'docker-bake.hcl': `group "default" { targets = ["one", "two"] }
target "one" {
  args = { N = "1" }
  tags = ["bake:one"]
}
target "two" {
  args = { N = "2" }
  tags = ["bake:two"]
}
`,
    });
    await builder.docker(['buildx', 'bake'], { cwd: project });
    assert.equal(await builder.run('bake:one', 'cat', '/n'), '1');
    assert.equal(await builder.run('bake:two', 'cat', '/n'), '2');
  });

  test('docker build and compose build are the same builds', {
    skip: COMPOSE ? false : 'there is no docker-compose here',
  }, async () => {
    const project = builder.project({
      'compose.yaml': 'name: built\nservices:\n  web:\n    build: .\n    image: composed\n',
      Dockerfile: 'FROM busybox\nRUN echo composed > /x\nCMD ["cat", "/x"]\n',
    });
    await builder.docker(['build', '-t', 'plain', project]);
    assert.equal(await builder.run('plain'), 'composed');
    await builder.docker(['compose', 'build'], { cwd: project });
    assert.equal(await builder.run('composed'), 'composed');
  });

  test('the default builder is inspected, and history is kept', async () => {
    const { stdout } = await builder.docker(['buildx', 'inspect', 'default']);
    assert.match(stdout, /BuildKit version: v/);
    assert.match(stdout, /worker\.snapshotter:\s+overlayfs/);
    const { stdout: history } = await builder.docker(['buildx', 'history', 'ls']);
    assert.match(history, /Completed/);
    const id = /^([a-z0-9]{20,})/m.exec(history)?.[1] as string;
    const { stderr, stdout: logs } = await builder.docker(['buildx', 'history', 'logs', id]);
    assert.match(stderr + logs, /load build definition/);
  });
});
