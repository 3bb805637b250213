import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { ConfinedWalk } from './confined-walk.ts';

describe('ConfinedWalk', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-walk-'));
  mkdirSync(join(directory, 'a/b'), { recursive: true });
  writeFileSync(join(directory, 'a/f'), '');
  symlinkSync('/a/b', join(directory, 'absolute'));
  symlinkSync('../../../../../a/b/../f', join(directory, 'a/b/relative'));
  symlinkSync('loop2', join(directory, 'loop1'));
  symlinkSync('loop1', join(directory, 'loop2'));
  for (let index = 0; index < 45; index += 1)
    symlinkSync(index === 0 ? 'a' : `chain${index - 1}`, join(directory, `chain${index}`));
  const root = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const walk = new ConfinedWalk(root);
  const end = (path: string, followLast = true): string => {
    using place = walk.walk(path, { followLast });
    return `/${place.names.join('/')}${place.descriptor === undefined ? ' absent' : ''}`;
  };
  after(() => {
    walk[Symbol.dispose]();
    closeSync(root);
    rmSync(directory, { recursive: true });
  });

  it('resolves inside the root only, and leaves no descriptor open', () => {
    const before = readdirSync('/proc/self/fd').length;
    assert.equal(end('/'), '/');
    assert.equal(end('../../etc'), '/etc absent');
    assert.equal(end('absolute'), '/a/b');
    assert.equal(end('absolute', false), '/absolute');
    assert.equal(end('absolute/', false), '/a/b');
    assert.equal(end('absolute/..'), '/a');
    assert.equal(end('absolute/relative'), '/a/f');
    assert.equal(end('chain39'), '/a');
    for (const path of [
      'loop1',
      'chain44',
      'a/f/x',
      'a/f/',
      'x'.repeat(300),
      `${'a/../'.repeat(20_000)}`,
      'a\0b',
      'a/f/..',
    ]) {
      assert.throws(
        () => end(path),
        (error) => isErrorCode(error, 'invalid-argument'),
        path.slice(0, 20),
      );
    }
    assert.throws(
      () => end('none/x'),
      (error) => isErrorCode(error, 'not-found'),
    );
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('refuses links that are younger than it was told', () => {
    const since = BigInt(Date.now() - 60_000) * 1_000_000n;
    assert.throws(
      () => walk.walk('absolute/x', { followLast: true, refuseLinksSince: since }),
      (error) => isErrorCode(error, 'invalid-argument'),
    );
    walk.walk('a/b', { followLast: true, refuseLinksSince: since })[Symbol.dispose]();
  });
});
