import type { EndpointSettings } from '@pouch/api';
import { isErrorCode, PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import { hasOwnNetwork } from '../spec/index.ts';
import { askPlugins } from './plugin-calls.ts';
import type { LifecycleContext } from './context.ts';

/** Joins containers to networks and takes them out: live where they run, at the next start where they do not. */
export class NetworkConnector {
  readonly #context: LifecycleContext;

  constructor(context: LifecycleContext) {
    this.#context = context;
  }

  async connect(network: string, container: Container, settings: EndpointSettings = {}): Promise<void> {
    const { networks, mutex } = this.#context;
    const { Name: name } = await networks.inspect(network);
    this.#checkJoinable(container, name);
    await askPlugins(this.#context, 'network-attach', container, {
      networkMode: name,
      endpoints: { [name]: settings },
    });
    await mutex.run(container.id, async () => {
      if (container.removed || container.status === 'removing')
        throw new PouchError('conflict', `container ${container.id} is being removed`);
      if (container.live) {
        const before = container.record.endpoints[name];
        container.record.endpoints[name] = settings;
        container.save();
        try {
          await networks.connect(name, container.id, settings);
        } catch (error) {
          if (before) container.record.endpoints[name] = before;
          else delete container.record.endpoints[name];
          container.save();
          throw error;
        }
        return;
      }
      if (container.record.endpoints[name]) {
        throw new PouchError(
          'permission-denied',
          `endpoint with name ${container.record.name} already exists in network ${name}`,
        );
      }
      container.record.endpoints[name] = settings;
      container.save();
    });
  }

  async disconnect(network: string, container: Container, force: boolean): Promise<void> {
    const { networks, mutex } = this.#context;
    const name = await networks.inspect(network).then(
      (found) => found.Name,
      (error: unknown) => {
        if (force && isErrorCode(error, 'not-found')) return network;
        throw error;
      },
    );
    await mutex.run(container.id, async () => {
      if (container.live) await networks.disconnect(name, container.id, force);
      else if (!container.record.endpoints[name]) {
        throw new PouchError('permission-denied', `container ${container.id} is not connected to network ${name}`);
      }
      delete container.record.endpoints[name];
      container.save();
    });
  }

  #checkJoinable(container: Container, network: string): void {
    if (!hasOwnNetwork(container.record.hostConfig.NetworkMode)) {
      throw new PouchError(
        'permission-denied',
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    }
    if (network === 'host' || network === 'none') {
      throw new PouchError(
        'permission-denied',
        network === 'host'
          ? 'cannot connect container to host network - container must be created in host network mode'
          : 'container cannot be connected to multiple networks with one of the networks in private (none) mode',
      );
    }
  }
}
