/** The classic builder's cache keeps to its limit by itself. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { until } from '../buildkit/builder.kit.ts';
import { build } from './build.kit.ts';

const LIMIT = 20 << 20;

suite("the limit of the classic builder's cache", { timeout: 300_000 }, () => {
  test('after a build what was not used for longest is removed, and images keep what they have', async () => {
    await using daemon = await TestDaemon.start(['--buildkit-binary', 'none', '--build-cache-limit', String(LIMIT)]);
    const used = async (): Promise<{ Size: number; Description: string }[]> => {
      const { json } = await daemon.ok('GET', '/system/df?type=build-cache');
      return (json as { BuildCache: { Size: number; Description: string }[] }).BuildCache;
    };
    const size = async (): Promise<number> => (await used()).reduce((sum, { Size }) => sum + Size, 0);
    for (let count = 0; count < 5; count += 1) {
      const Dockerfile = `FROM busybox\nRUN dd if=/dev/urandom of=/data bs=1M count=6 2>/dev/null && echo ${count} > /count\n`;
      const { error } = await build(daemon, { Dockerfile }, { t: `limited:${count}` });
      assert.equal(error, '');
    }
    await until('the limit', async () => (await size()) <= LIMIT);
    const kept = await used();
    assert.ok(
      kept.some(({ Description }) => Description.includes('echo 4')),
      'the newest step is kept',
    );
    assert.ok(!kept.some(({ Description }) => Description.includes('echo 0')), 'the oldest is not');
    assert.equal(await daemon.run(['limited:0', 'cat', '/count']), '0');
  });
});
