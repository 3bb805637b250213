import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completeContainerConfig, completeEndpoint, completeHostConfig } from './complete.ts';
import { violation } from './schema/parse.ts';
import { ContainerConfigInspect } from './schemas/container-config.ts';
import { HostConfigInspect } from './schemas/host-config.ts';
import { EndpointSettingsInspect } from './schemas/networking-config.ts';

test('what was not set is named with its zero value, and what was set stays', () => {
  const host = completeHostConfig({ Memory: 5, Binds: ['a:/b'] });
  assert.equal(host.Memory, 5);
  assert.deepEqual(host.Binds, ['a:/b']);
  assert.equal(host.CapAdd, null);
  assert.equal(host.PidsLimit, null);
  assert.equal(host.NetworkMode, '');
  assert.deepEqual(host.ConsoleSize, [0, 0]);
  assert.deepEqual(host.RestartPolicy, { Name: '', MaximumRetryCount: 0 });
  assert.ok(!('Init' in host) && !('Mounts' in host));
  assert.equal(violation(HostConfigInspect, host), undefined);

  const config = completeContainerConfig({ Image: 'a' });
  assert.equal(config.Entrypoint, null);
  assert.ok(!('StopSignal' in config));
  assert.equal(violation(ContainerConfigInspect, config), undefined);

  const endpoint = completeEndpoint({ IPAddress: '10.0.0.2' });
  assert.deepEqual([endpoint.IPAMConfig, endpoint.Gateway, endpoint.IPPrefixLen], [null, '', 0]);
  assert.equal(violation(EndpointSettingsInspect, endpoint), undefined);
});
