import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ContainerCreateRequest,
  ContainerInspect,
  HostConfig,
  HostConfigInspect,
  ImageInspect,
} from '../index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

test('schemas carry the types that engine code wants', () => {
  const checks: [
    Equal<HostConfig['Binds'], string[] | undefined>,
    Equal<HostConfigInspect['Binds'], string[] | null | undefined>,
    Equal<HostConfigInspect['Memory'], number | undefined>,
    Equal<ContainerCreateRequest['Cmd'], string[] | undefined>,
    Equal<
      ContainerInspect['State']['Status'],
      'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
    >,
    Equal<ImageInspect['Created'], string | undefined>,
    Equal<ContainerInspect['NetworkSettings']['Ports'][string], { HostIp?: string; HostPort?: string }[] | null>,
  ] = [true, true, true, true, true, true, true];
  assert.equal(checks.length, 7);
  const host: HostConfig = { Memory: 1, PortBindings: { '80/tcp': [{ HostPort: '1' }] } };
  // @ts-expect-error: absent and undefined are not the same
  const wrong: HostConfig = { Memory: undefined };
  const shown: HostConfigInspect = host;
  assert.deepEqual(shown, host);
  assert.ok(wrong);
});
