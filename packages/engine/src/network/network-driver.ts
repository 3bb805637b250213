import type { Network, NetworkDriverName } from './network.ts';
import type { EndpointRecord } from './sandbox-record.ts';

/**
 * One kind of network. Everything is recorded by the manager before a driver is called, and every method may be called
 * again after a crash: what is there already is no error, nor is what is gone already.
 */
export interface NetworkDriver {
  readonly name: NetworkDriverName;

  /**
   * Check a new network's options and add what the driver decides itself (the name of its bridge, say). Changes nothing
   * on the host. Throws `invalid-argument`, `conflict` or `unsupported`.
   */
  prepare(network: Network): Promise<Network>;

  /** Make the network's devices on the host. */
  up(network: Network): Promise<void>;

  /** Take the network's devices away. Only called when no endpoint is left. */
  down(network: Network): Promise<void>;

  /**
   * Give a namespace an interface on this network, with the endpoint's addresses, up, without a default route (which
   * network gives that is the manager's choice: `more` are `ip` commands to run inside afterwards). When it fails the caller tears the endpoint down.
   */
  join(network: Network, endpoint: EndpointRecord, netnsPath: string, more?: readonly string[]): Promise<void>;

  /** Take endpoints' interfaces away, many at once; when it returns, their addresses may be used again. */
  leave(endpoints: readonly LeavingEndpoint[]): Promise<void>;
}

export interface LeavingEndpoint {
  readonly endpoint: EndpointRecord;
  /** Undefined when the namespace is known to be gone. */
  readonly netnsPath: string | undefined;
}

/** Networks without devices of their own: host and none. */
export class PlainDriver implements NetworkDriver {
  readonly name: 'host' | 'null';

  constructor(name: 'host' | 'null') {
    this.name = name;
  }

  async prepare(network: Network): Promise<Network> {
    return network;
  }

  async up(): Promise<void> {}
  async down(): Promise<void> {}
  async join(): Promise<void> {}
  async leave(): Promise<void> {}
}
