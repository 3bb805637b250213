import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { expandWord, splitWords } from './dockerfile-words.ts';

const ENVIRONMENT = new Map([
  ['a', 'value.tar.gz'],
  ['empty', ''],
  ['path', '/usr/local/bin'],
]);

const CASES: readonly (readonly [word: string, result: string])[] = [
  ['$a', 'value.tar.gz'],
  ['x${a}y', 'xvalue.tar.gzy'],
  ['$missing|', '|'],
  ['${a:-d}', 'value.tar.gz'],
  ['${empty:-d}', 'd'],
  ['${empty-d}', ''],
  ['${missing-d}', 'd'],
  ['${a:+p}${empty:+p}${empty+q}', 'pq'],
  ['${missing:-${a}}', 'value.tar.gz'],
  ["'$a'", '$a'],
  ['"$a"', 'value.tar.gz'],
  ['\\$a', '$a'],
  ['"\\$a \\x"', '$a \\x'],
  ['${a%.*}', 'value.tar'],
  ['${a%%.*}', 'value'],
  ['${a#*.}', 'tar.gz'],
  ['${a##*.}', 'gz'],
  ['${a#nothing}', 'value.tar.gz'],
  ['${a/a/A}', 'vAlue.tar.gz'],
  ['${a//a/A}', 'vAlue.tAr.gz'],
  ['${path//\\//_}', '_usr_local_bin'],
  ['${a/.*/}', 'value'],
  ['$$', '$$'],
  ['100%', '100%'],
];

for (const [word, result] of CASES) {
  test(`${word} is ${JSON.stringify(result)}`, () => {
    assert.equal(expandWord(word, ENVIRONMENT), result);
  });
}

test('with the backtick as the escape character a backslash is a character', () => {
  assert.equal(expandWord('c:\\$a`$a', ENVIRONMENT, '`'), 'c:\\value.tar.gz$a');
  assert.deepEqual(splitWords('a` b c\\ d', '`'), ['a` b', 'c\\', 'd']);
});

test('what is required and missing, and what no shell knows, is refused', () => {
  for (const word of ['${missing:?gone}', '${missing?}', '${a', '${a^}', '${}']) {
    assert.throws(
      () => expandWord(word, ENVIRONMENT),
      (error) => isErrorCode(error, 'invalid-argument'),
      word,
    );
  }
});

test('no pattern takes for ever', () => {
  const begin = performance.now();
  const long = new Map([['long', 'a'.repeat(5_000)]]);
  assert.equal(expandWord(`\${long%%${'*a'.repeat(50)}b}`, long), 'a'.repeat(5_000));
  assert.ok(performance.now() - begin < 2_000);
});
