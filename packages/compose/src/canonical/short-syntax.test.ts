import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain } from '../tree/tree.ts';
import { shortPort } from './ports.ts';
import { shellWords } from './shell-words.ts';
import { shortVolume } from './volumes.ts';

const at = { file: 'f', line: 1, column: 1 };
const port = (text: string): unknown[] =>
  shortPort(text, at).map((node) => {
    const { mode: _, ...rest } = plain(node) as Record<string, unknown>;
    return rest;
  });

test('ports in the short syntax', () => {
  assert.deepEqual(port('80'), [{ target: 80, protocol: 'tcp' }]);
  assert.deepEqual(port('8080:80/udp'), [{ target: 80, published: '8080', protocol: 'udp' }]);
  assert.deepEqual(port('127.0.0.1:8080:80'), [
    { host_ip: '127.0.0.1', target: 80, published: '8080', protocol: 'tcp' },
  ]);
  assert.deepEqual(port('127.0.0.1::80'), [{ host_ip: '127.0.0.1', target: 80, protocol: 'tcp' }]);
  assert.deepEqual(port('[::1]:8080:80'), [{ host_ip: '::1', target: 80, published: '8080', protocol: 'tcp' }]);
  assert.deepEqual(port('3000-3001:80-81'), [
    { target: 80, published: '3000', protocol: 'tcp' },
    { target: 81, published: '3001', protocol: 'tcp' },
  ]);
  assert.deepEqual(port('3000-3005:80'), [{ target: 80, published: '3000-3005', protocol: 'tcp' }]);
  for (const text of ['', 'a', '80:', '70000', '2-1', '1-3:5-6', '1:2:3:4'])
    assert.throws(() => port(text), /f:1:1/, text);
});

test('volumes in the short syntax', () => {
  const volume = (text: string): unknown => plain(shortVolume(text, at, '/base'));
  assert.deepEqual(volume('/data'), { type: 'volume', target: '/data', volume: {} });
  assert.deepEqual(volume('named:/data:nocopy'), {
    type: 'volume',
    source: 'named',
    target: '/data',
    volume: { nocopy: true },
  });
  assert.deepEqual(volume('./here:/data:ro,z'), {
    type: 'bind',
    source: '/base/here',
    target: '/data',
    read_only: true,
    bind: { selinux: 'z', create_host_path: true },
  });
  for (const text of ['', ':', 'a:b:c:d', 'a:/b:wrong']) assert.throws(() => volume(text), /invalid volume/, text);
});

test('commands are split as a shell would', () => {
  assert.deepEqual(shellWords(`a 'b c' "d \\"e\\"" f\\ g ''`), ['a', 'b c', 'd "e"', 'f g', '']);
  assert.throws(() => shellWords('a "b'), /double quote is not closed/);
});
