import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from './parse.ts';
import { bool, int, list, str } from './types.ts';

const flags = {
  rm: bool(''),
  tty: bool('', { short: 't' }),
  interactive: bool('', { short: 'i' }),
  publish: list('', { short: 'p' }),
  env: list('', { short: 'e' }),
  name: str(''),
  last: int('', { short: 'n' }),
  old: str('', { refused: 'it is gone' }),
};

const parse = (...argv: string[]): Record<string, unknown> => ({ ...parseFlags(flags, argv, false).values });

test('switches take a value only behind =', () => {
  assert.equal(parse('--rm')['rm'], true);
  assert.equal(parse('--rm=false')['rm'], false);
  assert.equal(parse('-t=false')['tty'], false);
  assert.throws(() => parse('--rm=maybe'), /invalid argument "maybe" for "--rm" flag/);
});

test('letters are grouped, and the last may carry its value', () => {
  const values = parse('-itp8080:80');
  assert.deepEqual([values['interactive'], values['tty'], values['publish']], [true, true, ['8080:80']]);
  assert.deepEqual(parse('-e', 'A=b', '-e=C=d', '-eE')['env'], ['A=b', 'C=d', 'E']);
});

test('a value may stand behind = or in the next word, even when it starts with a dash', () => {
  assert.equal(parse('--name=x')['name'], 'x');
  assert.equal(parse('--name', '-x')['name'], '-x');
  assert.throws(() => parse('--name'), /flag needs an argument: --name/);
  assert.throws(() => parse('-n'), /flag needs an argument: 'n' in -n/);
});

test('without interspersed flags the first argument ends them', () => {
  assert.deepEqual(parseFlags(flags, ['-t', 'image', '-x', '--rm'], false).args, ['image', '-x', '--rm']);
  assert.deepEqual(parseFlags(flags, ['a', '--rm', 'b'], true).args, ['a', 'b']);
  assert.deepEqual(parseFlags(flags, ['--', '--rm', 'b'], true).args, ['--rm', 'b']);
});

test('what is unknown is said in the words of pflag', () => {
  assert.throws(() => parse('--nmae'), /unknown flag: --nmae/);
  assert.throws(() => parse('-z'), /unknown shorthand flag: 'z' in -z/);
  assert.throws(() => parse('--=x'), /bad flag syntax/);
  assert.throws(() => parse('--constructor'), /unknown flag/);
  assert.throws(() => parse('--old', 'x'), /--old is not supported: it is gone/);
});
