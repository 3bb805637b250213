import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { helpText } from './help.ts';
import { loadConfig, parseArguments } from './load-config.ts';
import { SETTINGS } from './settings.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pouchd-config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function load(content: unknown, flags: string[], environment: NodeJS.ProcessEnv = {}): ReturnType<typeof loadConfig> {
  const path = join(directory, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return loadConfig(parseArguments(['--config-file', path, ...flags]), environment);
}

test('flags over environment over file over defaults', () => {
  const config = load(
    { bip: '10.1.0.1/16', dns: ['1.1.1.1'] },
    ['--mtu=1400', '-D', '-H', 'unix:///a', '-H', 'unix:///b'],
    {
      POUCHD_DNS: '9.9.9.9,8.8.8.8',
      POUCHD_MTU: '9000',
    },
  );
  assert.equal(config.bip, '10.1.0.1/16');
  assert.equal(config.mtu, 1400);
  assert.equal(config.debug, true);
  assert.deepEqual(config.dns, ['9.9.9.9', '8.8.8.8']);
  assert.deepEqual(config.host, ['unix:///a', 'unix:///b']);
  assert.equal(config.bridge, 'pouch0');
});

test('the same setting in file and flag is an error that names it', () => {
  assert.throws(() => load({ mtu: 1 }, ['--mtu', '2']), /'mtu': set both as a flag and in .*config\.json/);
});

test('what is wrong is said', () => {
  assert.throws(() => load('{', []), /not valid JSON/);
  assert.throws(() => load([], []), /one JSON object/);
  assert.throws(() => load({ mtuu: 1 }, []), /unknown settings: mtuu/);
  assert.throws(() => load({ mtu: '1' }, []), /mtu: it must be a whole number/);
  assert.throws(() => load({ 'log-level': 'loud' }, []), /not one of: debug, info, warn, error/);
  assert.throws(() => load({}, ['--mtu']), /--mtu needs a value/);
  assert.throws(() => load({}, ['--icc=maybe']), /neither true nor false/);
  assert.throws(() => load({}, ['--runtimes', 'x']), /not of the form name=value/);
  assert.throws(() => load({}, ['serve']), /unknown flag or argument 'serve'/);
  assert.throws(() => loadConfig(parseArguments(['--config-file', '/nonexistent/x.json']), {}), /cannot be read/);
});

test('help names every setting', () => {
  const help = helpText();
  for (const { name } of SETTINGS) assert.ok(help.includes(`--${name}`), name);
  assert.ok(help.split('\n').every((line) => line.length <= 80));
});
