import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InterpolationError, interpolate } from './interpolate.ts';

const variables: Readonly<Record<string, string>> = { SET: 'value', EMPTY: '', OTHER: 'o', PORT: '80' };
const lookup = (name: string): string | undefined => variables[name];

test('every form of the specification', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain', 'plain'],
    ['$SET', 'value'],
    ['${SET}', 'value'],
    ['a-$SET-b', 'a-value-b'],
    ['$PORT:80', '80:80'],
    ['${UNSET:-d}', 'd'],
    ['${EMPTY:-d}', 'd'],
    ['${UNSET-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${SET:-d}', 'value'],
    ['${SET:+r}', 'r'],
    ['${EMPTY:+r}', ''],
    ['${EMPTY+r}', 'r'],
    ['${UNSET+r}', ''],
    ['${SET:?e}', 'value'],
    ['${EMPTY?e}', ''],
    ['$$SET', '$SET'],
    ['$$$SET', '$value'],
    ['${UNSET:-}', ''],
    ['${UNSET:-a:b-c?d}', 'a:b-c?d'],
    ['100%', '100%'],
  ];
  for (const [text, expected] of cases) assert.equal(interpolate(text, lookup), expected, text);
});

test('words behind operators are interpolated too, and only when they are used', () => {
  assert.equal(interpolate('${UNSET:-${OTHER}}', lookup), 'o');
  assert.equal(interpolate('${UNSET:-${ALSO:-${SET}x}y}', lookup), 'valuexy');
  assert.equal(interpolate('${SET:+a${OTHER}b}', lookup), 'aob');
  assert.equal(interpolate('${UNSET:-$$${OTHER}}', lookup), '$o');
  assert.equal(interpolate('${SET:-${UNSET:?never}}', lookup), 'value');
});

test('a required variable without a value is an error with its message', () => {
  assert.throws(
    () => interpolate('${UNSET:?say ${OTHER}}', lookup),
    /required variable UNSET is missing a value: say o/,
  );
  assert.throws(() => interpolate('${EMPTY:?}', lookup), /required variable EMPTY is missing a value$/);
});

test('what is no variable is refused', () => {
  for (const text of ['$', 'a $ b', '${', '${SET', '${1A}', '${SET!x}', '${}', '$1']) {
    assert.throws(() => interpolate(text, lookup), InterpolationError, text);
  }
});

test('variables without value or default are told', () => {
  const unset: string[] = [];
  assert.equal(
    interpolate('[$A|${B}|${C:-c}|${SET}]', lookup, (name) => unset.push(name)),
    '[||c|value]',
  );
  assert.deepEqual(unset, ['A', 'B']);
});
