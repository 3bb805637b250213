import { after, before } from 'node:test';
import { exec, silentLogger } from '@pouch/base';
import { IpCommander } from '@pouch/linux';
import { BridgeDriver } from '../../../packages/engine/src/network/bridge-driver.ts';
import { MacvlanDriver } from '../../../packages/engine/src/network/macvlan-driver.ts';
import type { Network, NetworkDriverName } from '../../../packages/engine/src/network/network.ts';
import { networkDriverSuite } from '../../../packages/engine/src/network/network-driver.testsuite.ts';
import { PlainDriver } from '../../../packages/engine/src/network/network-driver.ts';
import { inOwnNetns } from './own-netns.ts';

function network(driver: NetworkDriverName, options: Record<string, string> = {}): Network {
  return {
    id: 'ab'.repeat(32),
    name: 'conformance',
    driver,
    created: '2026-01-01T00:00:00Z',
    internal: false,
    attachable: false,
    enableIPv4: true,
    enableIPv6: false,
    ipamOptions: null,
    ipam: [{ Subnet: '10.230.0.0/24', Gateway: '10.230.0.1' }],
    options,
    labels: {},
  };
}

if (inOwnNetns(import.meta.url)) {
  const ip = new IpCommander();
  before(async () => {
    await exec('ip', ['-batch', '-'], {
      input: 'link set lo up\nlink add parent0 type veth peer name parent1\nlink set parent0 up\nlink set parent1 up\n',
    });
  });
  after(async () => {
    await ip[Symbol.asyncDispose]();
  });
  const log = silentLogger;
  networkDriverSuite('bridge', async () => ({
    driver: new BridgeDriver({ ip, log }),
    network: network('bridge'),
    hasInterface: true,
  }));
  networkDriverSuite('bridge with an MTU', async () => ({
    driver: new BridgeDriver({ ip, log }),
    network: network('bridge', { 'com.docker.network.driver.mtu': '1400' }),
    hasInterface: true,
  }));
  networkDriverSuite('macvlan', async () => ({
    driver: new MacvlanDriver({ ip }),
    network: network('macvlan', { parent: 'parent0' }),
    hasInterface: true,
  }));
  networkDriverSuite('host', async () => ({
    driver: new PlainDriver('host'),
    network: network('host'),
    hasInterface: false,
  }));
  networkDriverSuite('null', async () => ({
    driver: new PlainDriver('null'),
    network: network('null'),
    hasInterface: false,
  }));
}
