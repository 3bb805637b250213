import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeChange, type FilteredBridge, portChange, tableScript } from './filter-script.ts';
import type { PublishedPort } from './sandbox-record.ts';

const BRIDGE: FilteredBridge = {
  bridge: 'br-test',
  internal: false,
  icc: true,
  masquerade: true,
  subnets4: ['10.1.0.0/16'],
  subnets6: [],
  gateway4: '10.1.0.1',
  gateway6: undefined,
  dnsPort: 20053,
};

const port = (more: Partial<PublishedPort>): PublishedPort => ({
  containerPort: 80,
  protocol: 'tcp',
  hostIp: '0.0.0.0',
  hostPort: 8080,
  target: '10.1.0.2',
  ...more,
});

test('ports land in the map of their family and address', () => {
  assert.equal(portChange('add', 't', [port({})]), 'add element inet t any4 { tcp . 8080 : 10.1.0.2 . 80 }\n');
  assert.equal(
    portChange('delete', 't', [port({ hostIp: '192.0.2.1', protocol: 'sctp' })]),
    'delete element inet t published4 { 192.0.2.1 . sctp . 8080 : 10.1.0.2 . 80 }\n',
  );
  assert.equal(
    portChange('add', 't', [port({ hostIp: '::', target: 'fd00::2' })]),
    'add element inet t any6 { tcp . 8080 : fd00::2 . 80 }\n',
  );
});

test('what only the proxy can serve is no rule', () => {
  assert.equal(portChange('add', 't', [port({ hostIp: '::' }), port({ hostIp: '::1', target: 'fd00::2' })]), '');
});

test('a bridge brings its isolation, masquerading and DNS', () => {
  const script = bridgeChange('add', 't', BRIDGE);
  assert.match(script, /icc \{ "br-test" \. "br-test" \}/);
  assert.match(script, /masquerade4 \{ 10\.1\.0\.0\/16 \}/);
  assert.match(script, /dns4 \{ 10\.1\.0\.1 : 10\.1\.0\.1 \. 20053 \}/);
  const internal = bridgeChange('add', 't', { ...BRIDGE, internal: true, masquerade: false, icc: false });
  assert.match(internal, /internal \{ "br-test" \}/);
  assert.doesNotMatch(internal, /masquerade|icc/);
});

test('the table replaces only itself', () => {
  const script = tableScript('mine', [BRIDGE], [port({}), port({})]);
  assert.match(script, /^table inet mine \{\}\ndelete table inet mine\n/);
  assert.doesNotMatch(script, /flush/);
  assert.equal(script.match(/8080/g)?.length, 1);
});

test('nothing but plain names gets into a script', () => {
  assert.throws(() => tableScript('x; flush ruleset', [], []), /Not a name/);
  assert.throws(() => bridgeChange('add', 't', { ...BRIDGE, bridge: 'a" }; flush ruleset' }), /Not a name/);
});
