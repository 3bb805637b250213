import assert from 'node:assert/strict';
import { test } from 'node:test';
import { componentMatcher } from './go-match.ts';

test("components match as with Go's filepath.Match", () => {
  const cases: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
    ['abc', ['abc'], ['ab', 'abcd']],
    ['*', ['', 'a', 'abc'], []],
    ['a*c', ['ac', 'abc', 'abcbc'], ['ab', 'cac']],
    ['*.t?t', ['a.txt', '.tat'], ['a.tt']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[^a-c]x', ['dx'], ['ax']],
    ['[\\]a]', [']', 'a'], ['b']],
    ['a\\*b', ['a*b'], ['axb']],
    ['*a*b*', ['xaxbx', 'ab'], ['ba']],
  ];
  for (const [pattern, yes, no] of cases) {
    const matches = componentMatcher(pattern);
    assert.ok(matches, pattern);
    for (const name of yes) assert.equal(matches(name), true, `${pattern} ${name}`);
    for (const name of no) assert.equal(matches(name), false, `${pattern} ${name}`);
  }
  for (const malformed of ['[a', '[]a', 'a\\', '[z-a]'])
    assert.equal(componentMatcher(malformed), undefined, malformed);
});

test('no pattern takes for ever', () => {
  const matches = componentMatcher(`${'*a'.repeat(100)}b`);
  const begin = performance.now();
  assert.equal(matches?.('a'.repeat(255)), false);
  assert.ok(performance.now() - begin < 1_000);
});
