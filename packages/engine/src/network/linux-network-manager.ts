import type { EndpointSettings, NetworkCreateRequest, NetworkInspect, NetworkSummary } from '@pouch/api';
import { background, errorMessage } from '@pouch/base';
import type { BandwidthLimits } from './bandwidth-limits.ts';
import { NetworkCatalogue } from './network-catalogue.ts';
import {
  createNetworkContext,
  type NetworkContext,
  type NetworkDependencies,
  type NetworkOptions,
} from './network-context.ts';
import type { NetworkFilters, NetworkManager } from './network-manager.ts';
import { reconcileSandboxes } from './reconcile.ts';
import type { AttachRequest, Sandbox } from './sandbox.ts';
import { SandboxPool } from './sandbox-pool.ts';
import { type SandboxPools, SandboxService } from './sandbox-service.ts';

const DEFAULT_POOL_SIZE = 4;
/** The pool leaves at least so many addresses of the default subnet to containers. */
const SPARE_ADDRESSES = 16;

/** Container networks on Linux's own means: namespaces, veth pairs, bridges, nftables. */
export class LinuxNetworkManager implements NetworkManager {
  readonly #context: NetworkContext;
  readonly #catalogue: NetworkCatalogue;
  readonly #service: SandboxService;
  readonly #pools: SandboxPools;

  constructor(options: NetworkOptions, dependencies: NetworkDependencies) {
    this.#context = createNetworkContext(options, dependencies);
    this.#catalogue = new NetworkCatalogue(this.#context);
    this.#pools = this.#createPools(options.poolSize ?? DEFAULT_POOL_SIZE);
    this.#service = new SandboxService(this.#context, this.#pools);
  }

  async start(liveContainerIds: Iterable<string>): Promise<void> {
    await this.#catalogue.ensureDefaults();
    await this.reconcile(liveContainerIds);
    const { firewall, networks, log } = this.#context;
    background(firewall.open(networks.all().flatMap((network) => network.bridge ?? [])), (error) =>
      log.warn('cannot look at the host firewall', { error: errorMessage(error) }),
    );
  }

  async reconcile(liveContainerIds: Iterable<string>): Promise<void> {
    const live = new Set(liveContainerIds);
    await reconcileSandboxes(
      this.#context,
      this.#catalogue,
      this.#pools,
      (id) => live.has(id) || this.#service.isBusy(id),
    );
    const { log } = this.#context;
    for (const pool of [this.#pools.bridge, this.#pools.bare]) {
      background(pool.fill(), (error) => log.warn('cannot fill a pool', { error: errorMessage(error) }));
    }
  }

  async create(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
    return await this.#catalogue.create(request);
  }

  async list(filters?: NetworkFilters): Promise<NetworkSummary[]> {
    return this.#catalogue.list(filters);
  }

  async inspect(nameOrId: string): Promise<NetworkInspect> {
    return this.#catalogue.inspect(nameOrId);
  }

  async remove(nameOrId: string): Promise<void> {
    await this.#catalogue.remove(nameOrId);
  }

  async prune(filters?: NetworkFilters): Promise<{ NetworksDeleted: string[] }> {
    return await this.#catalogue.prune(filters);
  }

  async connect(network: string, containerId: string, settings: EndpointSettings = {}): Promise<Sandbox> {
    return await this.#service.connect(this.#context.networks.require(network), containerId, settings);
  }

  async disconnect(network: string, containerId: string, force = false): Promise<Sandbox | undefined> {
    return await this.#service.disconnect(this.#context.networks.require(network), containerId, force);
  }

  async attach(request: AttachRequest, signal?: AbortSignal): Promise<Sandbox> {
    return await this.#service.attach(request, signal);
  }

  async release(containerId: string): Promise<void> {
    await this.#service.release(containerId);
  }

  async limited(containerId: string): Promise<void> {
    await this.#service.limited(containerId);
  }

  async limit(containerId: string, limits: BandwidthLimits | undefined, priority: number | undefined): Promise<void> {
    await this.#service.limit(containerId, limits, priority);
  }

  async bandwidth(containerId: string): ReturnType<NetworkManager['bandwidth']> {
    return await this.#service.bandwidth(containerId);
  }

  sandbox(containerId: string): Sandbox | undefined {
    return this.#service.find(containerId);
  }

  rename(containerId: string, name: string): void {
    this.#service.rename(containerId, name);
  }

  warnings(): readonly string[] {
    return this.#context.firewall.warnings;
  }

  /** Resolves when nothing that was released is left in the kernel. */
  async settled(): Promise<void> {
    await this.#context.teardown.settled();
  }

  /** How many namespaces are ready in each pool. */
  poolSizes(): { readonly bridge: number; readonly bare: number } {
    return { bridge: this.#pools.bridge.ready, bare: this.#pools.bare.ready };
  }

  /** Let go of sockets and helpers. Containers keep their networks and published ports. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { teardown, dns, ports, ip, tc } = this.#context;
    await Promise.all([this.#pools.bridge.close(), this.#pools.bare.close()]);
    await teardown.close();
    await Promise.all([dns[Symbol.asyncDispose](), ports[Symbol.asyncDispose]()]);
    await Promise.all([ip[Symbol.asyncDispose](), tc[Symbol.asyncDispose]()]);
  }

  /** Take everything this manager ever made off the host: namespaces, bridges, the table. For uninstalling and tests. */
  async destroy(): Promise<void> {
    const { sandboxes, networks, teardown, filter, firewall, drivers } = this.#context;
    await Promise.all([this.#pools.bridge.close(), this.#pools.bare.close()]);
    for (const record of sandboxes.all()) {
      if (record.owner && record.state === 'live') await this.release(record.owner.containerId);
      else if (record.state !== 'dying') teardown.add(sandboxes.put({ ...record, state: 'dying' }));
    }
    await teardown.settled();
    for (const network of networks.all()) {
      if (network.bridge !== undefined) await firewall.close(network.bridge);
      await drivers.get(network.driver)?.down(network);
      networks.delete(network.id);
    }
    await filter.remove();
    await this.#context.priority.remove();
    await this[Symbol.asyncDispose]();
  }

  #createPools(size: number): SandboxPools {
    const { factory, networks, addresses, log } = this.#context;
    const bridge = new SandboxPool({
      name: 'bridge',
      size,
      log,
      make: async () => await factory.makeOnBridge(networks.require('bridge')),
      mayFill: () => {
        const network = networks.byName('bridge');
        return network !== undefined && addresses.usage(network.id).every(({ free }) => free > SPARE_ADDRESSES);
      },
    });
    const bare = new SandboxPool({
      name: 'none',
      size,
      log,
      make: async () => await factory.makeBare(),
      mayFill: () => true,
    });
    return { bridge, bare };
  }
}
