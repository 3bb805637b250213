import { PouchError } from '@pouch/base';
import { type IpCommander, ipInNetns, listLinks } from '@pouch/linux';
import { checkInterfaceName, checkMtu } from './bridge-driver.ts';
import { configureInterface } from './interface-commands.ts';
import type { Network } from './network.ts';
import type { LeavingEndpoint, NetworkDriver } from './network-driver.ts';
import type { EndpointRecord } from './sandbox-record.ts';

const MODES = ['bridge', 'private', 'vepa', 'passthru'];
const GONE = /Cannot find device|No such device|does not exist|No such file/;

/** Containers as hosts of their own on the network of a host's interface (macvlan devices on a parent). */
export class MacvlanDriver implements NetworkDriver {
  readonly name = 'macvlan';
  readonly #ip: IpCommander;

  constructor(dependencies: { readonly ip: IpCommander }) {
    this.#ip = dependencies.ip;
  }

  async prepare(network: Network): Promise<Network> {
    const mode = network.options['macvlan_mode'] ?? 'bridge';
    if (!MODES.includes(mode)) {
      throw new PouchError(
        'invalid-argument',
        `requested macvlan mode '${mode}' is not valid, 'bridge' mode is the macvlan driver default`,
      );
    }
    checkMtu(network);
    const given = network.options['parent'];
    if (given === undefined || given === '') {
      // Without a parent the containers reach only each other, over a device that leads nowhere.
      return { ...network, internal: true, parent: { name: `dm-${network.id.slice(0, 12)}`, isOurs: true } };
    }
    checkInterfaceName(given, 'parent');
    if (given === 'lo')
      throw new PouchError('invalid-argument', 'loopback interface is not a valid macvlan parent link');
    const links = await listLinks();
    if (links.some((link) => link.ifname === given)) return { ...network, parent: { name: given, isOurs: false } };
    const vlan = vlanOf(given);
    if (!vlan || !links.some((link) => link.ifname === vlan.device)) {
      throw new PouchError('invalid-argument', `the requested parent interface ${given} was not found on this host`);
    }
    return { ...network, parent: { name: given, isOurs: true } };
  }

  async up(network: Network): Promise<void> {
    const parent = network.parent;
    if (!parent?.isOurs) return;
    const exists = (await this.#ip.tryRun([`link show dev ${parent.name}`])).size === 0;
    if (!exists) await this.#makeParent(parent.name);
    await this.#ip.run([`link set dev ${parent.name} up`]);
  }

  async down(network: Network): Promise<void> {
    if (network.parent?.isOurs) await this.#ip.run([`link delete dev ${network.parent.name}`], GONE);
  }

  async join(network: Network, endpoint: EndpointRecord, netnsPath: string, more?: readonly string[]): Promise<void> {
    const mode = network.options['macvlan_mode'] ?? 'bridge';
    const parent = network.parent?.name as string;
    await this.#ip.run([
      `link add link ${parent} name ${endpoint.interface} address ${endpoint.mac} netns ${netnsPath} type macvlan mode ${mode}`,
    ]);
    await ipInNetns(netnsPath, [...configureInterface(network, endpoint), ...(more ?? [])]);
  }

  async leave(endpoints: readonly LeavingEndpoint[]): Promise<void> {
    for (const { endpoint, netnsPath } of endpoints) {
      if (netnsPath === undefined || endpoint.interface === undefined) continue;
      await ipInNetns(netnsPath, [`link delete dev ${endpoint.interface}`]).catch((error: unknown) => {
        if (!GONE.test(String(error))) throw error;
      });
    }
  }

  async #makeParent(name: string): Promise<void> {
    const vlan = vlanOf(name);
    const command = vlan
      ? `link add link ${vlan.device} name ${name} type vlan id ${vlan.id}`
      : `link add ${name} type dummy`;
    const said = (await this.#ip.tryRun([command])).get(0);
    if (said === undefined || /File exists/.test(said)) return;
    if (/Unknown device type|not supported/.test(said)) {
      const kind = vlan ? 'VLAN (8021q)' : 'dummy';
      throw new PouchError(
        'unsupported',
        `This kernel has no ${kind} devices: name an existing interface with -o parent=.`,
      );
    }
    throw new PouchError('internal', `Cannot make the interface ${name}: ${said}`);
  }
}

function vlanOf(name: string): { readonly device: string; readonly id: number } | undefined {
  const match = /^(.+)\.(\d{1,4})$/.exec(name);
  const id = Number(match?.[2]);
  return match && id >= 1 && id <= 4094 ? { device: match[1] as string, id } : undefined;
}
