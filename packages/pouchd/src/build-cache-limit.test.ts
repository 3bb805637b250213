import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { buildCacheLimit } from './build-cache-limit.ts';

test('the limit of the build cache is a size, a part of the disk, or none', async () => {
  assert.equal(await buildCacheLimit('20g', '/'), 20 * 1024 ** 3);
  assert.equal(await buildCacheLimit('none', '/'), undefined);
  const { blocks, bsize } = statfsSync('/');
  assert.equal(await buildCacheLimit('10%', '/'), Math.floor((blocks * bsize * 10) / 100));
  for (const text of ['', '0', '0%', '101%', '-1g', 'all', '5%%']) {
    await assert.rejects(buildCacheLimit(text, '/'), (error) => isErrorCode(error, 'invalid-argument'), text);
  }
});
