import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { neededStages } from '../stage-graph.ts';
import { parseDockerfile, parseTrigger } from './parse-dockerfile.ts';

describe('the structure of a Dockerfile', () => {
  test('stages, flags, continuations, comments and here-documents', () => {
    const { escape, metaArgs, stages } = parseDockerfile(`\uFEFF# syntax=x
# comment
ARG V=1
FROM --platform=$P a AS One
run first \\
  # in between
  && second \\

  third
COPY --chown=1 --from=one ["a b", "c"] /d
COPY <<-"A" <<B /x/
	tab
A
$b
B
from scratch
CMD
`);
    assert.equal(escape, '\\');
    assert.deepEqual(
      metaArgs.map(({ text }) => text),
      ['V=1'],
    );
    assert.deepEqual(
      stages.map(({ index, name, base, platform }) => ({ index, name, base, platform })),
      [
        { index: 0, name: 'one', base: 'a', platform: '$P' },
        { index: 1, name: '', base: 'scratch', platform: '' },
      ],
    );
    const [run, copy, documents] = stages[0]?.instructions ?? [];
    assert.equal(run?.name, 'RUN');
    assert.equal(run?.text.replace(/\s+/g, ' '), 'first && second third');
    assert.deepEqual(copy?.flags, [
      ['chown', '1'],
      ['from', 'one'],
    ]);
    assert.equal(copy?.text, '["a b", "c"] /d');
    assert.equal(documents?.text, '<<-"A" <<B /x/');
    assert.deepEqual(documents?.heredocs, [
      { name: 'A', content: 'tab\n', expand: false },
      { name: 'B', content: '$b\n', expand: true },
    ]);
    assert.equal(stages[1]?.instructions[0]?.text, '');
  });

  test('the escape directive', () => {
    const { escape, stages } = parseDockerfile('# escape=`\nFROM a\nRUN x `\n  y\nCOPY c:\\a d:\\\n');
    assert.equal(escape, '`');
    assert.deepEqual(
      stages[0]?.instructions.map(({ text }) => text),
      ['x   y', 'c:\\a d:\\'],
    );
  });

  const WRONG: readonly (readonly [text: string, error: RegExp])[] = [
    ['', /no instructions/],
    ['# only a comment', /no instructions/],
    ['FRO a', /line 1: unknown instruction: FRO/],
    ['RUN a', /no build stage/],
    ['FROM', /FROM requires at least one argument/],
    ['FROM a b', /either one or three arguments/],
    ['FROM a AS', /either one or three arguments/],
    ['FROM a AS 1x', /invalid name for build stage/],
    ['FROM a AS x\nFROM b AS X', /X stage name already used/],
    ['FROM a\n\nRUN --mount=x y', /line 3: the --mount option requires BuildKit/],
    ['FROM a\nCOPY --link a b', /--link option requires BuildKit/],
    ['FROM a\nCOPY --nope a b', /unknown flag: --nope/],
    ['FROM a\nENV', /ENV requires at least one argument/],
  ];
  for (const [text, error] of WRONG) {
    test(`refused: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseDockerfile(text),
        (thrown) => isErrorCode(thrown, 'invalid-argument') && error.test(thrown.message),
      );
    });
  }

  test('a Dockerfile beyond its limit is not looked at', () => {
    assert.throws(
      () => parseDockerfile('#'.repeat(1024 * 1024 + 1)),
      (error) => isErrorCode(error, 'too-large'),
    );
  });

  test('a trigger is one instruction', () => {
    assert.equal(parseTrigger('COPY a b').name, 'COPY');
    assert.throws(() => parseTrigger('RUN a\nRUN b'));
  });

  test('only what the last stage needs', () => {
    const { stages } = parseDockerfile(
      'FROM x AS a\nFROM x AS b\nFROM $B AS c\nFROM x\nCOPY --from=2 /a /b\nCOPY --from=image /a /b\n',
    );
    assert.deepEqual(
      neededStages(stages, (word) => word.replace('$B', 'a')),
      [0, 2, 3],
    );
  });
});
