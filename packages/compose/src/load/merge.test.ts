import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../project/project.ts';
import { ProjectFiles } from './project.testkit.ts';

function merged(base: string, over: string): Service {
  const indent = (text: string): string => text.trimEnd().replaceAll(/^/gm, '    ');
  using files = new ProjectFiles({
    'a.yaml': `services:\n  web:\n    image: base\n${indent(base)}\n`,
    'b.yaml': `services:\n  web:\n${indent(over)}\n`,
  });
  const project = files.load({ files: ['a.yaml', 'b.yaml'] });
  return project.services.get('web') as Service;
}

test('maps are joined, and the later file wins', () => {
  const service = merged(
    'environment: [A=1, B=2]\nlabels: {x: "1"}',
    'image: other\nenvironment: {B: 3, C: 4}\nlabels: [y=2]',
  );
  assert.equal(service.image, 'other');
  assert.deepEqual(service.environment, { A: '1', B: '3', C: '4' });
  assert.deepEqual(service.labels, { x: '1', y: '2' });
});

test('lists are appended without what is there already', () => {
  const service = merged(
    'dns: 1.1.1.1\ncap_add: [A, B]\nexpose: [80]',
    'dns: [2.2.2.2]\ncap_add: [B, C]\nexpose: ["81"]',
  );
  assert.deepEqual(service.dns, ['1.1.1.1', '2.2.2.2']);
  assert.deepEqual(service.cap_add, ['A', 'B', 'C']);
  assert.deepEqual(service.expose, ['80', '81']);
});

test('command, entrypoint and a health check’s test are replaced', () => {
  const service = merged(
    'command: a b\nentrypoint: [x]\nhealthcheck: {test: one, interval: 2s}',
    'command: [c]\nentrypoint: y z\nhealthcheck: {test: [CMD, two]}',
  );
  assert.deepEqual([service.command, service.entrypoint], [['c'], ['y', 'z']]);
  assert.deepEqual(service.healthcheck, { test: ['CMD', 'two'], interval: 2000 });
});

test('mounts are one per target, ports one per place', () => {
  const service = merged(
    'volumes: ["/a:/x", "/b:/y:ro"]\nports: ["80:80", "81:81"]',
    'volumes: ["/c:/x"]\nports: ["80:80", "82:80"]',
  );
  assert.deepEqual(
    service.volumes?.map(({ source, target }) => `${source}:${target}`),
    ['/c:/x', '/b:/y'],
  );
  assert.deepEqual(
    service.ports?.map(({ published, target }) => `${published}:${target}`),
    ['80:80', '81:81', '82:80'],
  );
});

test('!reset takes away, !override replaces', () => {
  const service = merged(
    'ports: ["80:80"]\ncommand: x\nenvironment: {A: 1, B: 2}\ndns: [1.1.1.1]',
    'ports: !override ["81:81"]\ncommand: !reset null\nenvironment: {A: !reset null}\ndns: !reset []',
  );
  assert.deepEqual(
    service.ports?.map(({ published }) => published),
    ['81'],
  );
  assert.equal(service.command, undefined);
  assert.deepEqual(service.environment, { B: '2' });
  assert.equal(service.dns, undefined);
});

test('another log driver brings its own options', () => {
  const base = 'logging: {driver: json-file, options: {max-size: 1m}}';
  assert.deepEqual(merged(base, 'logging: {options: {max-file: "2"}}').logging, {
    driver: 'json-file',
    options: { 'max-size': '1m', 'max-file': '2' },
  });
  assert.deepEqual(merged(base, 'logging: {driver: none}').logging, { driver: 'none' });
});

test('a variable without a value in the later file is taken from the environment', () => {
  assert.deepEqual(merged('environment: {A: 1}', 'environment: [A]').environment, { A: null });
});
