import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from './errors.ts';
import { PathPatterns } from './path-patterns.ts';

const CASES: readonly (readonly [ignore: string, excluded: readonly string[], included: readonly string[]])[] = [
  ['*.md\n!README.md', ['a.md'], ['README.md', 'docs/a.md', 'a.mdx']],
  ['!README.md\n*.md', ['README.md'], ['a.txt']],
  ['**/*.md', ['a.md', 'a/b/c.md'], ['a/b/c.mdx']],
  ['docs', ['docs', 'docs/a', 'docs/a/b'], ['docs2', 'a/docs']],
  ['/docs/', ['docs', 'docs/a'], ['a/docs']],
  ['docs\n!docs/keep', ['docs', 'docs/a'], ['docs/keep', 'docs/keep/x']],
  ['**', ['a', 'a/b', '.hidden'], []],
  ['**\n!src\n!src/**', ['a', 'b/src'], ['src', 'src/a/b']],
  ['a/**/z', ['a/z', 'a/b/z', 'a/b/c/z'], ['az', 'b/a/z', 'a/zz']],
  ['**/node_modules', ['node_modules', 'a/node_modules/b'], ['node_modules2']],
  ['foo**bar', ['foobar', 'foo/x/bar'], ['foo/barx']],
  ['temp?', ['temp1', 'temps'], ['temp', 'temp12', 'a/temp1']],
  ['[a-c]x', ['ax', 'cx'], ['dx']],
  ['[^a]x', ['bx'], ['ax']],
  ['*/temp*', ['a/temporary.txt', 'b/temp'], ['temp', 'a/b/temp']],
  ['*/*/temp*', ['a/b/temporary.txt'], ['a/temp']],
  ['# comment\n\n  spaced  \n#literal', ['spaced'], ['#literal', 'comment']],
  ['a/../b', ['b'], ['a']],
  ['\\*.txt', ['*.txt'], ['a.txt']],
  ['*a*b*c', ['xaybzc', 'abc'], ['a/b/c', 'acb']],
  ['**/a*/**/b*/**/c', ['x/a1/b2/c', 'a/b/c', 'a/x/y/b/z/c'], ['a/b/d', 'b/a/c']],
  ['.', [], ['a']],
  ['a.b+c(d)', ['a.b+c(d)'], ['aXb+c(d)']],
];

for (const [ignore, excluded, included] of CASES) {
  test(`patterns ${JSON.stringify(ignore)}`, () => {
    const patterns = PathPatterns.parse(ignore);
    for (const path of excluded) assert.equal(patterns.excludes(path), true, `${path} is left out`);
    for (const path of included) assert.equal(patterns.excludes(path), false, `${path} stays`);
  });
}

test('a pattern made to take for ever takes no time', () => {
  const patterns = PathPatterns.parse(`${'*a'.repeat(60)}b\n${'**/a'.repeat(60)}/b`);
  const begin = performance.now();
  assert.equal(patterns.excludes('a'.repeat(250)), false);
  assert.equal(patterns.excludes('a/'.repeat(120)), false);
  assert.ok(performance.now() - begin < 2_000);
});

test('directories are entered only where something may be taken back', () => {
  const patterns = PathPatterns.parse('docs\nbuild\n!docs/a/keep');
  assert.equal(patterns.mayHoldIncluded('docs'), true);
  assert.equal(patterns.mayHoldIncluded('docs/a'), true);
  assert.equal(patterns.mayHoldIncluded('build'), false);
});

test('malformed patterns are refused', () => {
  for (const text of ['!', '[a', '[z-a]x']) {
    assert.throws(
      () => PathPatterns.parse(text),
      (error) => isErrorCode(error, 'invalid-argument'),
      text,
    );
  }
});

test('patterns that are given one by one may begin with a number sign', () => {
  assert.equal(PathPatterns.of(['#a']).excludes('#a'), true);
  assert.equal(PathPatterns.parse('#a').excludes('#a'), false);
});

test('a directory is worth looking into while a pattern may match something below it', () => {
  const patterns = PathPatterns.of(['a/b/c', 'src/*.ts', '**/x', '!not/here']);
  assert.equal(patterns.mayMatchBelow('a'), true);
  assert.equal(patterns.mayMatchBelow('a/b'), true);
  // `**` is anywhere.
  assert.equal(patterns.mayMatchBelow('other'), true);
  const plain = PathPatterns.of(['a/b/c', 'src/*.ts', '!not/here']);
  assert.equal(plain.mayMatchBelow('other'), false);
  assert.equal(plain.mayMatchBelow('src'), true);
  assert.equal(plain.mayMatchBelow('ab'), false);
  assert.equal(plain.mayMatchBelow('not'), false);
});
