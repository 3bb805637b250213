import { randomInt } from 'node:crypto';
import { errorMessage, type Logger, PouchError } from '@pouch/base';
import { type IpCommander, ipInNetns, listLinks, readSysctl, writeSysctl } from '@pouch/linux';
import { mirrorName } from './bandwidth.ts';
import { configureInterface, noLinkLocal } from './interface-commands.ts';
import { randomMac } from './mac-address.ts';
import { allowsIcc, BRIDGE_OPTION, gatewayOf, type Network, networkMtu, parseBool, prefixOf } from './network.ts';
import type { LeavingEndpoint, NetworkDriver } from './network-driver.ts';
import type { EndpointRecord } from './sandbox-record.ts';

const GONE = /Cannot find device|No such device|does not exist/;
const EXISTS = /File exists/;
const BOOLEAN_OPTIONS = [BRIDGE_OPTION.icc, BRIDGE_OPTION.masquerade, BRIDGE_OPTION.defaultBridge];

/** A Linux bridge on the host; each container has one end of a veth pair, the other is a port of the bridge. */
export class BridgeDriver implements NetworkDriver {
  readonly name = 'bridge';
  readonly #ip: IpCommander;
  readonly #log: Logger;
  /** Ports to delete are put in a group of their own and deleted with one request. */
  readonly #group = randomInt(0x10000, 0x7fffffff);
  #leaving: Promise<void> = Promise.resolve();

  constructor(dependencies: { readonly ip: IpCommander; readonly log: Logger }) {
    this.#ip = dependencies.ip;
    this.#log = dependencies.log;
  }

  async prepare(network: Network): Promise<Network> {
    const given = network.options[BRIDGE_OPTION.name];
    const bridge = given ?? network.bridge ?? `br-${network.id.slice(0, 12)}`;
    checkInterfaceName(bridge, BRIDGE_OPTION.name);
    const prefix = network.options[BRIDGE_OPTION.ifacePrefix];
    if (prefix !== undefined && !/^[a-zA-Z][\w-]{0,9}$/.test(prefix)) {
      throw new PouchError('invalid-argument', `invalid interface prefix ${JSON.stringify(prefix)}`);
    }
    for (const option of BOOLEAN_OPTIONS) checkBoolean(network, option);
    checkMtu(network);
    if (network.predefined !== true) {
      const link = (await listLinks()).find((candidate) => candidate.ifname === bridge);
      if (link && (given === undefined || link.kind !== 'bridge')) {
        throw new PouchError(
          'conflict',
          `cannot create network ${network.name}: the interface ${bridge} exists already`,
        );
      }
    }
    return { ...network, bridge };
  }

  async up(network: Network): Promise<void> {
    const bridge = network.bridge as string;
    const [gateway4, gateway6] = [gatewayOf(network, 4), gatewayOf(network, 6)];
    const mtu = networkMtu(network);
    const exists = (await this.#ip.tryRun([`link show dev ${bridge}`])).size === 0;
    const commands = [];
    if (!exists) commands.push(`link add ${bridge} address ${randomMac()} type bridge forward_delay 0`);
    if (gateway6 === undefined) commands.push(...noLinkLocal(bridge));
    if (mtu !== undefined) commands.push(`link set dev ${bridge} mtu ${mtu}`);
    if (gateway4 !== undefined) commands.push(`addr replace ${gateway4}/${prefixOf(network, 4)} dev ${bridge}`);
    if (gateway6 !== undefined) commands.push(`addr replace ${gateway6}/${prefixOf(network, 6)} dev ${bridge} nodad`);
    commands.push(`link set dev ${bridge} up`);
    await this.#ip.run(commands, EXISTS);
    if (gateway4 !== undefined) {
      await writeSysctl(`net/ipv4/conf/${bridge}/route_localnet`, '1');
      if (!network.internal) await this.#switchOn('net.ipv4.ip_forward');
    }
    if (gateway6 !== undefined && !network.internal) await this.#forwardIpv6();
  }

  async down(network: Network): Promise<void> {
    await this.#ip.run([`link delete dev ${network.bridge as string}`], GONE);
  }

  async join(network: Network, endpoint: EndpointRecord, netnsPath: string, more?: readonly string[]): Promise<void> {
    const { hostInterface, interface: device, mac } = endpoint;
    const mtu = networkMtu(network);
    const size = mtu === undefined ? '' : ` mtu ${mtu}`;
    await this.#ip.run([
      `link add ${hostInterface}${size} type veth peer name ${device} address ${mac} netns ${netnsPath}`,
      ...attachPort(network, endpoint),
    ]);
    await ipInNetns(netnsPath, [...configureInterface(network, endpoint), ...(more ?? [])]);
  }

  async leave(endpoints: readonly LeavingEndpoint[]): Promise<void> {
    const devices = endpoints.flatMap(({ endpoint }) => [
      ...(endpoint.hostInterface ? [endpoint.hostInterface] : []),
      ...(endpoint.mirrored ? [mirrorName(endpoint.id)] : []),
    ]);
    if (devices.length === 0) return;
    // One at a time: the group is deleted as a whole.
    const mine = this.#leaving.then(async () => {
      const group = `group ${this.#group}`;
      await this.#ip.run(
        devices.map((device) => `link set dev ${device} ${group}`),
        GONE,
      );
      await this.#ip.run([`link delete ${group}`], GONE);
    });
    this.#leaving = mine.catch(() => {});
    await mine;
  }

  async #forwardIpv6(): Promise<void> {
    if ((await readSysctl('net.ipv6.conf.all.forwarding')) === '1') return;
    // A router ignores router advertisements unless told 2: the host must not lose its own IPv6 addresses to us.
    for (const link of await listLinks()) {
      const name = `net/ipv6/conf/${link.ifname}/accept_ra`;
      if ((await readSysctl(name)) === '1') await writeSysctl(name, '2').catch(() => undefined);
    }
    await this.#switchOn('net.ipv6.conf.all.forwarding');
  }

  async #switchOn(name: string): Promise<void> {
    try {
      const former = await writeSysctl(name, '1');
      if (former !== undefined)
        this.#log.info('switched on forwarding for container networks', { sysctl: name, former });
    } catch (error) {
      this.#log.warn('cannot switch on forwarding: containers cannot reach beyond this host', {
        sysctl: name,
        error: errorMessage(error),
      });
    }
  }
}

/** `ip` commands that make our end of an endpoint's veth pair a port of its bridge. */
export function attachPort(network: Network, endpoint: EndpointRecord): string[] {
  const device = endpoint.hostInterface as string;
  const commands = [
    ...noLinkLocal(device),
    `link set dev ${device} master ${network.bridge} up`,
    // Where br_netfilter is loaded, a container that asks for its own published port is sent back out of its own port.
    `link set dev ${device} type bridge_slave hairpin on`,
  ];
  if (!allowsIcc(network)) commands.push(`link set dev ${device} type bridge_slave isolated on`);
  return commands;
}

/** The kernel's rule, and nothing that `ip` or `nft` could take for something else. */
export function checkInterfaceName(name: string, what: string): void {
  if (!/^[a-zA-Z][\w.-]{0,14}$/.test(name)) {
    throw new PouchError('invalid-argument', `invalid interface name ${JSON.stringify(name)} for ${what}`);
  }
}

export function checkMtu(network: Network): void {
  const text = network.options[BRIDGE_OPTION.mtu];
  if (text !== undefined && (!/^\d{2,5}$/.test(text) || Number(text) < 68 || Number(text) > 65535)) {
    throw new PouchError('invalid-argument', `invalid MTU ${JSON.stringify(text)}: must be a number from 68 to 65535`);
  }
}

function checkBoolean(network: Network, option: string): void {
  const text = network.options[option];
  if (text !== undefined && parseBool(text) === undefined) {
    throw new PouchError(
      'invalid-argument',
      `invalid value ${JSON.stringify(text)} for ${option}: must be true or false`,
    );
  }
}
