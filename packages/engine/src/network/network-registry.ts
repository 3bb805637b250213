import { PouchError } from '@pouch/base';
import type { Network } from './network.ts';
import type { NetworkStore } from './network-store.ts';

/** All networks, in memory and in the store. */
export class NetworkRegistry {
  readonly #store: NetworkStore;
  readonly #networks = new Map<string, Network>();

  constructor(store: NetworkStore) {
    this.#store = store;
    for (const record of store.list('network')) {
      const network = JSON.parse(record.json) as Network;
      this.#networks.set(network.id, network);
    }
  }

  all(): Network[] {
    return [...this.#networks.values()];
  }

  get(id: string): Network | undefined {
    return this.#networks.get(id);
  }

  byName(name: string): Network | undefined {
    return this.all().find((network) => network.name === name);
  }

  /** By id, name, or the unique beginning of an id, in this order. Throws `not-found` or `invalid-argument`. */
  require(nameOrId: string): Network {
    const exact = this.#networks.get(nameOrId) ?? this.byName(nameOrId === 'default' ? 'bridge' : nameOrId);
    if (exact) return exact;
    const matches = nameOrId === '' ? [] : this.all().filter((network) => network.id.startsWith(nameOrId));
    const [only] = matches;
    if (only && matches.length === 1) return only;
    if (matches.length > 1) {
      throw new PouchError(
        'invalid-argument',
        `network ${nameOrId} is ambiguous (${matches.length} matches found on ID prefix)`,
      );
    }
    throw new PouchError('not-found', `network ${nameOrId} not found`);
  }

  put(network: Network): void {
    this.#store.put({ kind: 'network', id: network.id, json: JSON.stringify(network) });
    this.#networks.set(network.id, network);
  }

  delete(id: string): void {
    this.#store.delete('network', id);
    this.#networks.delete(id);
  }
}
