import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DotenvError, parseDotenv, parseRawEnv } from './dotenv.ts';

const parse = (text: string, env: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(parseDotenv(text, (name) => env[name]));

test('names, quotes, comments and escapes', () => {
  const text = `# comment
A=1
export B = two words # said
C: yaml
D='single $A \\n' # c
E="double $A\\n\\$A"
F=
G=a#b
   H="several
lines"
I=\${A}-\${MISSING:-d}
`;
  assert.deepEqual(parse(text), {
    A: '1',
    B: 'two words',
    C: 'yaml',
    D: 'single $A \\n',
    E: 'double 1\n$A',
    F: '',
    G: 'a#b',
    H: 'several\nlines',
    I: '1-d',
  });
});

test('the environment goes before the file in variables, and gives names without a value theirs', () => {
  assert.deepEqual(parse('A=file\nB=$A\nC\nD\n', { A: 'env', C: 'c' }), { A: 'file', B: 'env', C: 'c' });
});

test('a byte order mark and Windows line ends do no harm', () => {
  assert.deepEqual(parse('\uFEFFA=1\r\nB="x"\r\n'), { A: '1', B: 'x' });
});

test('faults come with their line', () => {
  const fault = (text: string): DotenvError => {
    try {
      parse(text);
    } catch (error) {
      assert.ok(error instanceof DotenvError);
      return error;
    }
    throw new Error('no fault');
  };
  assert.equal(fault('A=1\nB="x\n').line, 2);
  assert.match(fault('A=1\n\nB C=2').message, /needs =/);
  assert.equal(fault('A="x" y').message, "unexpected 'y' behind a quote");
});

test('raw files are taken as they are', () => {
  const found = parseRawEnv('A="x" # y\n#no\nB=$A\nC', (name) => (name === 'C' ? 'c' : undefined));
  assert.deepEqual(
    [...found],
    [
      ['A', '"x" # y'],
      ['B', '$A'],
      ['C', 'c'],
    ],
  );
});
