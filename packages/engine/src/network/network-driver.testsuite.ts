import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execInNetns, ipJson, NetnsDirectory } from '@pouch/linux';
import type { Network } from './network.ts';
import type { NetworkDriver } from './network-driver.ts';
import type { EndpointRecord } from './sandbox-record.ts';

export interface DriverFixture {
  readonly driver: NetworkDriver;
  /** A network of this driver with the subnet 10.230.0.0/24 (if it has any), before `prepare`. */
  readonly network: Network;
  /** Whether endpoints get an interface. */
  readonly hasInterface: boolean;
}

interface AddressInfo {
  readonly ifname?: string;
  readonly address?: string;
  readonly addr_info?: { readonly local?: string; readonly prefixlen?: number }[];
}

/** What every network driver promises, on the real kernel. Run as root in a network namespace of the test's own. */
export function networkDriverSuite(name: string, make: () => Promise<DriverFixture>): void {
  test(`${name} driver: devices, endpoints and their end`, async () => {
    const { driver, network: bare, hasInterface } = await make();
    const directory = await mkdtemp(join(tmpdir(), 'pouch-driver-'));
    const netns = new NetnsDirectory(directory);
    const network = await driver.prepare(bare);
    assert.equal(network.driver, driver.name);
    const names = ['one', 'two'];
    try {
      await driver.up(network);
      await driver.up(network);
      for (const space of names) await netns.create(space, ['link set dev lo up']);
      const endpoints = names.map((_, index) => endpoint(network, index, hasInterface));
      for (const [index, one] of endpoints.entries()) {
        await driver.join(network, one, netns.path(names[index] as string));
      }
      if (hasInterface) await checkInterfaces(netns, names, endpoints);
      const leaving = endpoints.map((one, index) => ({ endpoint: one, netnsPath: netns.path(names[index] as string) }));
      await driver.leave(leaving);
      await driver.leave(leaving);
      for (const space of names) assert.deepEqual(await interfaces(netns, space), ['lo']);
      for (const [index, one] of endpoints.entries()) {
        await driver.join(network, one, netns.path(names[index] as string));
      }
      await netns.remove(names);
      await driver.leave(endpoints.map((one) => ({ endpoint: one, netnsPath: undefined })));
    } finally {
      await netns.remove(names);
      await driver.down(network);
      await driver.down(network);
      await rm(directory, { recursive: true });
    }
  });
}

async function checkInterfaces(netns: NetnsDirectory, names: string[], endpoints: EndpointRecord[]): Promise<void> {
  for (const [index, one] of endpoints.entries()) {
    const all = (await ipJson(['addr', 'show'], netns.path(names[index] as string))) as AddressInfo[];
    const device = all.find((link) => link.ifname === one.interface);
    assert.equal(device?.address, one.mac);
    assert.ok(device?.addr_info?.some(({ local, prefixlen }) => local === one.ipv4 && prefixlen === 24));
  }
  const ping = ['ping', '-c1', '-w2', endpoints[1]?.ipv4 as string];
  assert.equal((await execInNetns(netns.path('one'), 'busybox', ping, { allowFailure: true })).code, 0);
}

async function interfaces(netns: NetnsDirectory, name: string): Promise<string[]> {
  const all = (await ipJson(['link', 'show'], netns.path(name))) as AddressInfo[];
  return all
    .map((link) => link.ifname ?? '')
    .filter((link) => !/^(ifb|sit|gre|tunl|erspan|ip6|ip_vti|dummy)/.test(link));
}

function endpoint(network: Network, index: number, hasInterface: boolean): EndpointRecord {
  return {
    id: String(index).repeat(64),
    networkId: network.id,
    networkName: network.name,
    interface: hasInterface ? 'eth0' : undefined,
    hostInterface: network.driver === 'bridge' ? `pvtest${index}` : undefined,
    mac: hasInterface ? `02:42:0a:e6:00:0${index + 2}` : '',
    ipv4: hasInterface ? `10.230.0.${index + 2}` : undefined,
    ipv6: undefined,
    aliases: null,
    links: null,
    driverOpts: null,
    ipamConfig: null,
    gwPriority: 0,
  };
}
