/** A buildkitd that nobody needs is ended, and one is there for whoever builds next; the cache keeps to its limit. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { sleep } from '@pouch/base';
import { Builder, missingForBuilds, until } from './builder.kit.ts';

const LIMIT = 40 << 20;

suite('BuildKit at rest', { skip: missingForBuilds(), timeout: 600_000 }, () => {
  let builder: Builder;

  before(async () => {
    builder = await Builder.start(['--buildkit-idle-timeout', '2', '--build-cache-limit', String(LIMIT)]);
  });
  after(async () => {
    await builder[Symbol.asyncDispose]();
  });

  test('it is ended when nobody has built for a while, with what its steps used, and the cache stays', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN ip route > /route\n' });
    await builder.build(project, '-t', 'first');
    const pid = builder.buildkitdPid as number;
    assert.ok(existsSync(`/proc/${pid}`));
    await until('its end', () => builder.buildkitdPid === undefined);
    assert.equal(existsSync(`/proc/${pid}`), false);
    const ready = (): string[] =>
      ['free', 'used', 'released'].flatMap((name) =>
        readdirSync(join(builder.daemon.directory, 'run/buildkit/net', name)),
      );
    await until('the end of the networks for steps', () => ready().length === 0);
    assert.match(await builder.build(project, '-t', 'again'), /CACHED/);
    assert.notEqual(builder.buildkitdPid, pid);
    assert.match(await builder.run('again', 'cat', '/route'), /^default via/);
  });

  test('builds that come at any moment of its end are built', async () => {
    for (const pause of [1700, 1900, 2000, 2050, 2100, 2200, 2400]) {
      const project = builder.project({ Dockerfile: `FROM busybox\nRUN echo ${pause} > /pause\n` });
      await builder.build(project, '-t', 'pause');
      assert.equal(await builder.run('pause', 'cat', '/pause'), String(pause));
      await sleep(pause);
    }
  });

  test('a build that takes longer than the while is left in peace', async () => {
    const project = builder.project({ Dockerfile: 'FROM busybox\nRUN sleep 6; echo done > /done\n' });
    await builder.build(project, '-t', 'long');
    assert.equal(await builder.run('long', 'cat', '/done'), 'done');
  });

  test('what is asked about the cache is answered by one that is started for it', async () => {
    await until('its end', () => builder.buildkitdPid === undefined);
    const { stdout } = await builder.docker(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}']);
    assert.match(stdout, /^Build Cache [1-9]/m);
    await until('its end', () => builder.buildkitdPid === undefined);
    await builder.docker(['builder', 'prune', '-af']);
    await until('its end', () => builder.buildkitdPid === undefined);
  });
});

suite('the limit of the cache', { skip: missingForBuilds(), timeout: 600_000 }, () => {
  test('what was not used for longest is removed after a build, also what no image was made of', async () => {
    await using builder = await Builder.start(['--build-cache-limit', String(LIMIT)]);
    for (let count = 0; count < 8; count += 1) {
      const Dockerfile = `FROM busybox\nRUN dd if=/dev/urandom of=/data bs=1M count=10 2>/dev/null && echo ${count} > /count\n`;
      await builder.docker(['buildx', 'build', '--output', 'type=cacheonly', builder.project({ Dockerfile })]);
    }
    const used = async (): Promise<number> => {
      const { BuildCache } = (await builder.daemon.ok('GET', '/system/df?type=build-cache')).json as {
        BuildCache: { Size: number }[];
      };
      return BuildCache.reduce((sum, { Size }) => sum + Size, 0);
    };
    assert.ok((await used()) > LIMIT);
    await until('the collection', async () => (await used()) <= LIMIT, 180_000);
    assert.ok((await used()) > 0, 'the newest is still there');
  });
});
