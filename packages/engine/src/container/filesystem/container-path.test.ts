import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isErrorCode } from '@pouch/base';
import type { Container } from '../container.ts';
import { checkWritable, cleanPath } from './container-path.ts';

it('makes paths absolute and keeps what asks for a directory', () => {
  const cases = {
    etc: '/etc',
    '/a//b/../c': '/a/c',
    '/a/': '/a/',
    'a/.': '/a/.',
    '/': '/',
    '/.': '/.',
    '.': '/.',
    '../..': '/',
    '/a/..': '/',
  };
  for (const [path, clean] of Object.entries(cases)) assert.equal(cleanPath(path), clean, path);
  assert.throws(
    () => cleanPath(''),
    (error) => isErrorCode(error, 'invalid-argument'),
  );
});

it('knows where may be written', () => {
  const box = (readOnly: boolean, live = true): Container =>
    ({
      live,
      record: {
        hostConfig: { ReadonlyRootfs: readOnly, Tmpfs: { '/run': '' } },
        mounts: [
          { Destination: '/data', RW: true },
          { Destination: '/data/fixed/', RW: false },
        ],
      },
    }) as unknown as Container;
  const refused = (error: unknown): boolean => isErrorCode(error, 'permission-denied');
  checkWritable(box(false), '/etc');
  checkWritable(box(true), '/data/x');
  checkWritable(box(true), '/run/x');
  assert.throws(() => checkWritable(box(true, false), '/run/x'), refused);
  assert.throws(() => checkWritable(box(true), '/etc'), refused);
  assert.throws(() => checkWritable(box(true), '/database'), refused);
  assert.throws(() => checkWritable(box(false), '/data/fixed/x'), refused);
  checkWritable(box(false), '/data/fixedly');
});
