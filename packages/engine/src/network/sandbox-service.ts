import type { EndpointSettings } from '@pouch/api';
import { isErrorCode, KeyedMutex, newId, PouchError } from '@pouch/base';
import { ipInNetns } from '@pouch/linux';
import { type AttachPlan, fitsPool, ownerOf, planAttach, type WantedEndpoint } from './attach-plan.ts';
import type { BandwidthLimits } from './bandwidth-limits.ts';
import { defaultRoutes } from './interface-commands.ts';
import { BRIDGE_OPTION, gatewayOf, type Network } from './network.ts';
import type { NetworkContext } from './network-context.ts';
import { networkEvent } from './network-events.ts';
import { hasInterface, mirrored, planEndpoint, withWishes } from './plan-endpoint.ts';
import { PendingLimits } from './pending-limits.ts';
import type { AttachRequest, Sandbox } from './sandbox.ts';
import type { SandboxPool } from './sandbox-pool.ts';
import type { EndpointRecord, PublishedPort, SandboxOwner, SandboxRecord } from './sandbox-record.ts';
import { describeSandbox, filePaths, gatewayEndpoint, nameSandbox } from './sandbox-view.ts';

export interface SandboxPools {
  readonly bridge: SandboxPool<SandboxRecord>;
  readonly bare: SandboxPool<SandboxRecord>;
}

type LiveRecord = SandboxRecord & { readonly owner: SandboxOwner };

/** Containers' places in the network: given, changed while they run, and taken back. */
export class SandboxService {
  readonly #context: NetworkContext;
  readonly #pools: SandboxPools;
  readonly #mutex = new KeyedMutex();
  readonly #limits = new PendingLimits();

  constructor(context: NetworkContext, pools: SandboxPools) {
    this.#context = context;
    this.#pools = pools;
  }

  async attach(request: AttachRequest, signal?: AbortSignal): Promise<Sandbox> {
    return await this.#mutex.run(request.containerId, async () => {
      signal?.throwIfAborted();
      await this.#release(request.containerId);
      const plan = planAttach(request, this.#context.networks);
      const owner = ownerOf(request);
      if (plan.kind === 'join') return this.#join(plan.containerId, owner);
      let record = await this.#acquire(plan, owner);
      const { bandwidth, priority } = this.#context;
      this.#limits.begin(request.containerId, Promise.all([bandwidth.apply(record), priority.apply(record)]));
      try {
        const [bound] = await Promise.all([this.#publishPorts(record), this.#context.files.write(record, owner)]);
        record = bound;
        signal?.throwIfAborted();
      } catch (error) {
        await this.#release(request.containerId, true);
        throw error;
      }
      this.#context.names.set(nameSandbox(record, owner, this.#context.networks));
      for (const { network } of plan.endpoints) this.#emit('connect', network, owner);
      return this.#describe(record);
    });
  }

  /** Resolves when what `attach` was asked to limit is limited. */
  async limited(containerId: string): Promise<void> {
    await this.#limits.done(containerId);
  }

  async release(containerId: string): Promise<void> {
    await this.#mutex.run(containerId, async () => await this.#release(containerId));
  }

  /** Whether something is being done for this container right now. */
  isBusy(containerId: string): boolean {
    return this.#mutex.isBusy(containerId);
  }

  find(containerId: string): Sandbox | undefined {
    const record = this.#context.sandboxes.ofContainer(containerId);
    return record && this.#describe(record as LiveRecord);
  }

  rename(containerId: string, name: string): void {
    const { sandboxes, names, networks } = this.#context;
    const record = sandboxes.ofContainer(containerId);
    if (!record?.owner) return;
    const owner = { ...record.owner, name };
    names.set(nameSandbox(sandboxes.put({ ...record, owner }), owner, networks));
  }

  /** Change what the container's interfaces are limited to, now and for networks that it joins. */
  async limit(containerId: string, limits: BandwidthLimits | undefined, priority: number | undefined): Promise<void> {
    await this.#mutex.run(containerId, async () => {
      const record = this.#context.sandboxes.ofContainer(containerId);
      if (!record?.owner) return;
      const { bandwidth: before, priority: _former, ...rest } = record.owner;
      const owner = { ...rest, ...(priority && { priority }) };
      const endpoints = record.endpoints.map((endpoint) => mirrored(endpoint, limits));
      const changed = { ...record, endpoints, owner: { ...owner, ...(limits && { bandwidth: limits }) } };
      this.#context.sandboxes.put(changed);
      await this.#context.bandwidth.apply(changed, before);
      await this.#context.priority.apply(changed);
    });
  }

  async bandwidth(containerId: string): ReturnType<NetworkContext['bandwidth']['counters']> {
    const record = this.#context.sandboxes.ofContainer(containerId);
    return record?.owner?.bandwidth ? await this.#context.bandwidth.counters(record) : {};
  }

  async connect(network: Network, containerId: string, settings: EndpointSettings): Promise<Sandbox> {
    return await this.#mutex.run(containerId, async () => {
      const record = this.#require(containerId);
      this.#checkConnect(record, network);
      const endpoint = await this.#plan(network, settings, record);
      const wider: LiveRecord = { ...record, endpoints: [...record.endpoints, endpoint] };
      this.#context.sandboxes.put(wider);
      try {
        const path = this.#context.netns.path(record.netns as string);
        await this.#driver(network).join(network, endpoint, path);
        await this.#context.bandwidth.apply(wider);
        await this.#context.priority.apply(wider);
        return await this.#rearrange(wider);
      } catch (error) {
        await this.#leave(wider, endpoint);
        throw error;
      } finally {
        if (this.#context.sandboxes.ofContainer(containerId)?.endpoints.includes(endpoint)) {
          this.#emit('connect', network, record.owner);
        }
      }
    });
  }

  async disconnect(network: Network, containerId: string, force: boolean): Promise<Sandbox | undefined> {
    return await this.#mutex.run(containerId, async () => {
      const record = this.#context.sandboxes.ofContainer(containerId) as LiveRecord | undefined;
      const endpoint = record?.endpoints.find((candidate) => candidate.networkId === network.id);
      if (!record || !endpoint) {
        if (force) return record && this.#describe(record);
        throw new PouchError(
          'permission-denied',
          `container ${containerId} is not connected to network ${network.name}`,
        );
      }
      if (network.driver === 'host') {
        throw new PouchError(
          'permission-denied',
          'cannot disconnect container from host network - container was created in host network mode',
        );
      }
      const narrower = await this.#leave(record, endpoint);
      this.#emit('disconnect', network, record.owner);
      return await this.#rearrange(narrower);
    });
  }

  #join(containerId: string, owner: SandboxOwner): Sandbox {
    const other = this.#context.sandboxes.ofContainer(containerId);
    if (!other?.owner) {
      throw new PouchError(
        'conflict',
        `cannot join network namespace of a non running container: container ${containerId} is not running`,
      );
    }
    const { netnsPath } = this.#describe(other as LiveRecord);
    return {
      id: other.id,
      containerId: owner.containerId,
      netnsPath,
      networks: {},
      ports: {},
      ...filePaths(other.owner.directory),
    };
  }

  /** A recorded sandbox with all interfaces up and routes set, from the pools where they fit. */
  async #acquire(plan: Extract<AttachPlan, { kind: 'networks' }>, owner: SandboxOwner): Promise<LiveRecord> {
    const [first, ...others] = plan.endpoints as [WantedEndpoint, ...WantedEndpoint[]];
    let record: LiveRecord;
    let rest: readonly WantedEndpoint[];
    if (first.network.driver === 'host') {
      record = this.#adopt({ id: newId(), state: 'live', netns: undefined, endpoints: [], owner, ports: [] }, owner);
      rest = [first];
    } else if (fitsPool(first)) {
      const pooled =
        this.#pools.bridge.take() ?? (await this.#withRoom(() => this.#context.factory.makeOnBridge(first.network)));
      record = this.#adopt(
        { ...pooled, endpoints: pooled.endpoints.map((endpoint) => withWishes(endpoint, first.settings)) },
        owner,
      );
      rest = others;
    } else {
      record = this.#adopt(this.#pools.bare.take() ?? (await this.#context.factory.makeBare()), owner);
      rest = [first, ...others];
    }
    try {
      for (const [index, wanted] of rest.entries()) {
        record = await this.#addEndpoint(record, wanted, index === rest.length - 1);
      }
      return record;
    } catch (error) {
      await this.#release(owner.containerId, true);
      throw error;
    }
  }

  #adopt(record: SandboxRecord, owner: SandboxOwner): LiveRecord {
    const endpoints = record.endpoints.map((endpoint) => mirrored(endpoint, owner.bandwidth));
    const live = { ...record, endpoints, state: 'live' as const, owner };
    this.#context.sandboxes.put(live);
    return live;
  }

  async #addEndpoint(record: LiveRecord, wanted: WantedEndpoint, isLast: boolean): Promise<LiveRecord> {
    const { network, settings } = wanted;
    const endpoint = await this.#plan(network, settings, record);
    const wider: LiveRecord = { ...record, endpoints: [...record.endpoints, endpoint] };
    this.#context.sandboxes.put(wider);
    if (!hasInterface(network)) return wider;
    const path = this.#context.netns.path(record.netns as string);
    await this.#driver(network).join(network, endpoint, path, isLast ? this.#routes(wider) : []);
    return wider;
  }

  async #plan(network: Network, settings: EndpointSettings, record: SandboxRecord): Promise<EndpointRecord> {
    const plan = async (): Promise<EndpointRecord> => planEndpoint(network, settings, record, this.#context.addresses);
    return mirrored(await this.#withRoom(plan), record.owner?.bandwidth);
  }

  /** When addresses have run out or the wanted one is just being given up, wait for what is being taken down and try again. */
  async #withRoom<T>(make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      if (!isErrorCode(error, 'unavailable', 'conflict')) throw error;
      const { teardown, sandboxes } = this.#context;
      for (const pooled of this.#pools.bridge.drain()) teardown.add(sandboxes.put({ ...pooled, state: 'dying' }));
      await teardown.settled();
      return await make();
    }
  }

  #routes(record: SandboxRecord): string[] {
    const endpoint = gatewayEndpoint(record, this.#context.networks);
    const network = endpoint && this.#context.networks.get(endpoint.networkId);
    if (!endpoint?.interface || !network) return [];
    return defaultRoutes(
      endpoint.interface,
      endpoint.ipv4 === undefined ? undefined : gatewayOf(network, 4),
      endpoint.ipv6 === undefined ? undefined : gatewayOf(network, 6),
    );
  }

  /** After a network was joined or left: routes, files, names and published ports follow. */
  async #rearrange(record: LiveRecord): Promise<Sandbox> {
    const { netns, files, names, networks } = this.#context;
    const path = netns.path(record.netns as string);
    await ipInNetns(path, this.#routes(record));
    await files.write(record, record.owner);
    names.set(nameSandbox(record, record.owner, networks));
    return this.#describe(await this.#publishPorts(record));
  }

  /** Publish what the owner wants on the endpoint that gives the default route; ports it has are kept. */
  async #publishPorts(record: LiveRecord): Promise<LiveRecord> {
    const { ports, filter, sandboxes, networks } = this.#context;
    if (record.owner.wantedPorts.length === 0) return record;
    const endpoint = gatewayEndpoint(record, networks);
    const network = endpoint && networks.get(endpoint.networkId);
    const usable = network?.driver === 'bridge' ? endpoint : undefined;
    const target = usable?.ipv4 ?? usable?.ipv6;
    if (
      record.ports.length > 0 &&
      record.ports.every((port) => port.target === usable?.ipv4 || port.target === usable?.ipv6)
    )
      return record;
    const before = record.ports;
    await ports.release(record.id, before);
    let published: PublishedPort[] = [];
    if (usable && target !== undefined) {
      const binding = network?.options[BRIDGE_OPTION.hostBinding] ?? '';
      const wanted = record.owner.wantedPorts.map((want) => {
        const had = before.find((port) => port.containerPort === want.containerPort && port.protocol === want.protocol);
        return had && want.hostPortStart === 0
          ? { ...want, hostPortStart: had.hostPort, hostPortEnd: had.hostPort }
          : want;
      });
      try {
        published = await ports.allocate(record.id, wanted, usable, binding === '0.0.0.0' ? '' : binding);
      } catch (error) {
        const where = `driver failed programming external connectivity on endpoint ${record.owner.name} (${usable.id})`;
        if (error instanceof PouchError)
          throw new PouchError(error.code, `${where}: ${error.message}`, { cause: error });
        throw error;
      }
    }
    const bound: LiveRecord = { ...record, ports: published };
    sandboxes.put(bound);
    await filter.publish(record.id, published);
    return bound;
  }

  /** Take one endpoint out of a live sandbox; its device goes before this returns, or is tried again later. */
  async #leave(record: LiveRecord, endpoint: EndpointRecord): Promise<LiveRecord> {
    const { sandboxes, teardown } = this.#context;
    const dying: SandboxRecord = {
      id: newId(),
      state: 'dying',
      netns: record.netns,
      endpoints: [endpoint],
      owner: undefined,
      ports: [],
    };
    sandboxes.put(dying);
    const narrower: LiveRecord = { ...record, endpoints: record.endpoints.filter((other) => other.id !== endpoint.id) };
    sandboxes.put(narrower);
    teardown.add(dying);
    await teardown.settled();
    return narrower;
  }

  /** `silent`: the connection was never announced. */
  async #release(containerId: string, silent = false): Promise<void> {
    await this.#limits.settled(containerId);
    const { sandboxes, names, ports, filter, teardown, networks } = this.#context;
    const record = sandboxes.ofContainer(containerId);
    if (!record) return;
    const dying = sandboxes.put({ ...record, state: 'dying' });
    names.delete(record.id);
    try {
      await filter.publish(record.id, []);
      await this.#context.priority.forget(record.id);
      await ports.release(record.id, record.ports);
    } finally {
      teardown.add(dying);
      for (const endpoint of record.endpoints) {
        const network = networks.get(endpoint.networkId);
        if (network && record.owner && !silent) this.#emit('disconnect', network, record.owner);
      }
    }
  }

  #checkConnect(record: LiveRecord, network: Network): void {
    if (record.netns === undefined || network.driver === 'host') {
      throw new PouchError(
        'permission-denied',
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    }
    if (
      network.driver === 'null' ||
      record.endpoints.some((endpoint) => this.#context.networks.get(endpoint.networkId)?.driver === 'null')
    ) {
      throw new PouchError(
        'permission-denied',
        'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      );
    }
    if (record.endpoints.some((endpoint) => endpoint.networkId === network.id)) {
      throw new PouchError(
        'permission-denied',
        `endpoint with name ${record.owner.name} already exists in network ${network.name}`,
      );
    }
  }

  #require(containerId: string): LiveRecord {
    const record = this.#context.sandboxes.ofContainer(containerId);
    if (!record?.owner) throw new PouchError('conflict', `container ${containerId} is not running`);
    return record as LiveRecord;
  }

  #describe(record: LiveRecord): Sandbox {
    return describeSandbox(record, record.owner, this.#context.networks, this.#context.netns);
  }

  #driver(network: Network): NonNullable<ReturnType<NetworkContext['drivers']['get']>> {
    const driver = this.#context.drivers.get(network.driver);
    if (!driver) throw new PouchError('internal', `The network ${network.name} has no driver ${network.driver}.`);
    return driver;
  }

  #emit(action: 'connect' | 'disconnect', network: Network, owner: SandboxOwner): void {
    if (owner.hidden) return;
    this.#context.publish(networkEvent(action, network, owner.containerId));
  }
}
