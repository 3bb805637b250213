import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import type { ContainerConfig } from '@pouch/api';
import { commandScript } from './command-script.ts';
import { parseExitStatus } from './exit-status.ts';
import { busyboxInittab, sysvInittab } from './inittab.ts';
import { fillRich, type RichDefaults } from './rich-mode.ts';

test('request, then labels, then the daemon decide whether a container is rich', () => {
  const rich = (config: ContainerConfig, defaults?: RichDefaults): ContainerConfig => {
    fillRich(config, defaults);
    return config;
  };
  assert.equal(rich({}).Rich, undefined);
  assert.equal(rich({ RichMode: 'systemd' }).Rich, true);
  assert.equal(rich({ Labels: { 'pouch.rich': 'true', 'pouch.rich-mode': 'systemd' } }).RichMode, 'systemd');
  assert.equal(rich({}, { rich: true, mode: 'sbin-init' }).RichMode, 'sbin-init');
  assert.equal(rich({ Rich: false }, { rich: true, mode: 'sbin-init' }).RichMode, undefined);
  assert.equal(rich({ Rich: true, Labels: { 'pouch.rich-keep': '1' }, RichMode: 'systemd' }).RichKeep, true);
  assert.throws(() => rich({ Rich: true, Labels: { 'pouch.rich-mode': 'upstart' } }), /upstart/);
  assert.throws(() => rich({ Rich: false, RichMode: 'systemd' }), /contradicts/);
  assert.throws(() => rich({ Rich: true, RichKeep: true }), /dumb-init|services/);
});

test('the words for how a command ended', () => {
  assert.equal(parseExitStatus('exited 3\n'), 3);
  assert.equal(parseExitStatus('killed KILL\n'), 137);
  assert.equal(parseExitStatus('dumped SEGV\n'), 139);
  for (const bad of ['', 'exited\n', 'exited KILL\n', 'killed NOSUCH\n', 'x'.repeat(64), 'exited 3\nexited 4\n']) {
    assert.equal(parseExitStatus(bad), undefined, bad);
  }
});

test('the command script gives words and environment as they are', () => {
  const user = { uid: 0, gid: 0, additionalGids: [], home: '/root', username: 'root' };
  const words = ['printf', '%s|', "it's", '$HOME "`x`"', '', 'a\nb'];
  const script = commandScript({ words, env: ["A=don't $X", 'PATH=/usr/bin:/bin'], workingDir: '/', user });
  assert.equal(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }), `it's|$HOME "\`x\`"||a\nb|`);
  const printEnv = commandScript({ words: ['env'], env: ["A=don't $X", 'PATH=/usr/bin:/bin'], workingDir: '/', user });
  assert.match(execFileSync('/bin/sh', ['-c', printEnv], { encoding: 'utf8' }), /^A=don't \$X$/m);
});

test('an inittab without terminals, with the command and a halt', () => {
  const image =
    '# comment\nid:3:initdefault:\nsi::sysinit:/etc/init.d/rcS\npf::powerwait:/x start\n1:2345:respawn:/sbin/getty 38400 tty1\n';
  const lines = sysvInittab(image, true).split('\n');
  assert.deepEqual(lines.slice(0, 3), [
    'id:3:initdefault:',
    'si::sysinit:/etc/init.d/rcS',
    'pf::powerwait:/sbin/init 0',
  ]);
  assert.match(lines[3] as string, /^pc:2345:once:/);
  assert.doesNotMatch(busyboxInittab('tty1::askfirst:-/bin/sh\n::sysinit:/x\n', false), /askfirst|once/);
});
