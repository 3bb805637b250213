import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig } from '@pouch/api';
import type { ImageRunConfig } from '@pouch/oci';
import { mergeConfig } from '../create/merge-config.ts';
import { unmergeConfig } from './unmerge-config.ts';

const OLD: ImageRunConfig = {
  User: 'app',
  Env: ['PATH=/bin', 'VERSION=1'],
  Entrypoint: ['/entry'],
  Cmd: ['serve'],
  Labels: { of: 'old' },
  ExposedPorts: { '80/tcp': {} },
  WorkingDir: '/app',
};
const NEW: ImageRunConfig = {
  Env: ['PATH=/usr/bin', 'VERSION=2'],
  Entrypoint: ['/new'],
  Cmd: ['start'],
  Labels: { of: 'new' },
};

function upgraded(user: ContainerConfig): ContainerConfig {
  return mergeConfig(unmergeConfig(mergeConfig(user, OLD), OLD), NEW);
}

test("the new image's defaults take the place of the old one's", () => {
  const config = upgraded({ Env: ['MINE=1'], Labels: { own: 'x' } });
  assert.deepEqual(config.Env, ['MINE=1', 'PATH=/usr/bin', 'VERSION=2']);
  assert.deepEqual([config.Entrypoint, config.Cmd], [['/new'], ['start']]);
  assert.deepEqual(config.Labels, { of: 'new', own: 'x' });
  assert.deepEqual([config.User, config.WorkingDir, config.ExposedPorts], ['', '', undefined]);
});

test('what the user gave stays', () => {
  const config = upgraded({ Env: ['VERSION=mine'], Cmd: ['other'], User: 'root', ExposedPorts: { '81/tcp': {} } });
  assert.deepEqual(config.Env, ['VERSION=mine', 'PATH=/usr/bin']);
  assert.deepEqual([config.Entrypoint, config.Cmd], [['/new'], ['other']]);
  assert.equal(config.User, 'root');
  assert.deepEqual(config.ExposedPorts, { '81/tcp': {} });
  const own = upgraded({ Entrypoint: ['/mine'] });
  assert.deepEqual([own.Entrypoint, own.Cmd], [['/mine'], undefined]);
});
