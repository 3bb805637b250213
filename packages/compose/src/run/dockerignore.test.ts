import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IgnoreRules } from './dockerignore.ts';

test('the last line that matches decides, and directories take all below them along', () => {
  const rules = IgnoreRules.parse('# no\n*.log\n!keep.log\n/build/\n**/node_modules\ndocs/*.md\nfile?.[ab]\n');
  const ignored = ['a.log', 'build', 'build/x/y', 'node_modules', 'a/b/node_modules/c', 'docs/a.md', 'file1.a'];
  const kept = ['keep.log', 'sub/a.log', 'docs/a/b.md', 'docs/a.txt', 'file12.a', 'src/build', '# no'];
  for (const path of ignored) assert.equal(rules.ignores(path), true, path);
  for (const path of kept) assert.equal(rules.ignores(path), false, path);
});

test('everything but some', () => {
  const rules = IgnoreRules.parse('*\n!src\n!go.*\n');
  assert.deepEqual(
    ['a', 'src', 'src/x', 'go.mod'].map((path) => rules.ignores(path)),
    [true, false, false, false],
  );
  assert.equal(rules.hasExceptions, true);
});
