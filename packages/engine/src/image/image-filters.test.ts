import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseReference } from '@pouch/oci';
import { booleanFilter, checkListFilters, matchesLabels, matchesReference, untilFilter } from './image-filters.ts';

suite('filters of images', () => {
  test('references match by pattern against name, name with tag, and full name', () => {
    const cases: [string, string, boolean][] = [
      ['busybox:1.36', 'busybox', true],
      ['busybox:1.36', 'busybox:1.*', true],
      ['busybox:1.36', 'busy*', true],
      ['busybox:1.36', 'alpine', false],
      ['localhost:5000/team/app:x', '*/*/app', true],
      ['localhost:5000/team/app:x', 'localhost:5000/*', false],
      ['busybox:1.36', 'docker.io/library/busybox', true],
    ];
    for (const [name, pattern, expected] of cases) {
      assert.equal(matchesReference(parseReference(name), pattern), expected, `${name} ${pattern}`);
    }
  });

  test('labels by key, by value, and not', () => {
    const labels = { a: '1', b: '' };
    assert.ok(matchesLabels(labels, { label: ['a', 'a=1', 'b='] }));
    assert.ok(!matchesLabels(labels, { label: ['a=2'] }));
    assert.ok(!matchesLabels(labels, { 'label!': ['b'] }));
    assert.ok(!matchesLabels(labels, { label: ['toString'] }));
  });

  test('until as a time, a date, seconds, or a duration before now', () => {
    const now = 1_000_000_000_000_000_000n;
    assert.equal(untilFilter({ until: ['10s'] }, now), now - 10_000_000_000n);
    assert.equal(untilFilter({ until: ['1700000000'] }, now), 1_700_000_000_000_000_000n);
    assert.equal(untilFilter({ until: ['1970-01-02'] }, now), 86_400_000_000_000n);
    assert.equal(untilFilter({ until: ['1970-01-02T00:00:00Z'] }, now), 86_400_000_000_000n);
    assert.equal(untilFilter({}, now), undefined);
    assert.throws(() => untilFilter({ until: ['soon'] }, now));
    assert.throws(() => untilFilter({ until: ['1s', '2s'] }, now));
  });

  test('truths, and what is neither', () => {
    assert.equal(booleanFilter({ dangling: ['1'] }, 'dangling'), true);
    assert.equal(booleanFilter({ dangling: ['false'] }, 'dangling'), false);
    assert.equal(booleanFilter({}, 'dangling'), undefined);
    assert.throws(() => booleanFilter({ dangling: ['maybe'] }, 'dangling'), /invalid filter 'dangling=\[maybe\]'/);
    assert.throws(() => checkListFilters({ colour: ['red'] }), /invalid filter 'colour'/);
  });
});
