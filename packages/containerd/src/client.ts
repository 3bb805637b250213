import { isErrorCode, type Logger, sleep } from '@pouch/base';
import { GrpcChannel, GrpcService, type ServiceDefinition } from '@pouch/grpc';
import type { CallOptions, ServiceFactory } from './call.ts';
import { Containers } from './containers.ts';
import { Content } from './content.ts';
import { Diff } from './diff.ts';
import { Events } from './events.ts';
import { Images } from './images.ts';
import { Ingest } from './ingest.ts';
import { Introspection } from './introspection.ts';
import { Leases } from './leases.ts';
import { Namespaces } from './namespaces.ts';
import { Snapshots } from './snapshots.ts';
import { Tasks } from './tasks.ts';
import { Version, type VersionResponse } from './version.ts';

export interface ContainerdClientOptions {
  /** The socket: a path, or `unix://` and a path. */
  readonly address: string;
  /** Where everything stands that this client makes and sees. */
  readonly namespace: string;
  /** Default `overlayfs`. */
  readonly snapshotter?: string | undefined;
  /** Milliseconds that a call waits for a containerd that does not listen (yet). Default 10,000. */
  readonly patienceMs?: number | undefined;
  /** Called each time that the connection ended, mostly because containerd did. */
  readonly onDisconnect?: (() => void) | undefined;
}

/**
 * A typed client of one containerd. It connects when first used, and again whenever the connection broke; a call waits for a
 * containerd that is starting. Errors are PouchErrors with containerd's own message.
 */
export class ContainerdClient implements Disposable {
  readonly address: string;
  readonly namespace: string;
  readonly tasks: Tasks;
  readonly containers: Containers;
  readonly content: Content;
  readonly images: Images;
  readonly leases: Leases;
  readonly events: Events;
  readonly diff: Diff;
  readonly version: Version;
  readonly introspection: Introspection;
  readonly namespaces: Namespaces;
  /** The default snapshotter's. */
  readonly snapshots: Snapshots;
  /** Blobs into the content store by the fastest way. */
  readonly ingest: Ingest;
  readonly #channel: GrpcChannel;
  readonly #services: ServiceFactory;
  readonly #snapshotters = new Map<string, Snapshots>();
  #knownVersion: Promise<VersionResponse> | undefined;

  constructor(options: ContainerdClientOptions, dependencies: { readonly logger: Logger }) {
    this.address = options.address.replace(/^unix:(\/\/)?/, '');
    this.namespace = options.namespace;
    const onDisconnect = (): void => {
      this.#knownVersion = undefined;
      options.onDisconnect?.();
    };
    this.#channel = new GrpcChannel({ path: this.address, onDisconnect }, dependencies);
    const defaults = {
      headers: { 'containerd-namespace': options.namespace },
      ...(options.patienceMs !== undefined && { patienceMs: options.patienceMs }),
    };
    const services: ServiceFactory = {
      namespace: options.namespace,
      service: <D extends ServiceDefinition>(definition: D) =>
        new GrpcService(definition, this.#channel, () => defaults),
    };
    this.#services = services;
    this.tasks = new Tasks(services);
    this.containers = new Containers(services);
    this.content = new Content(services);
    this.images = new Images(services);
    this.leases = new Leases(services);
    this.events = new Events(services);
    this.diff = new Diff(services);
    this.version = new Version(services);
    this.introspection = new Introspection(services);
    this.namespaces = new Namespaces(services);
    this.snapshots = this.snapshotter(options.snapshotter ?? 'overlayfs');
    this.ingest = new Ingest({}, { content: this.content, introspection: this.introspection, ...dependencies });
  }

  /** The snapshots of another snapshotter. */
  snapshotter(name: string): Snapshots {
    let snapshots = this.#snapshotters.get(name);
    if (!snapshots) {
      snapshots = new Snapshots(this.#services, name);
      this.#snapshotters.set(name, snapshots);
    }
    return snapshots;
  }

  /** Its version, asked for once per connection: another containerd would have another one. */
  async knownVersion(): Promise<VersionResponse> {
    const asked = (this.#knownVersion ??= this.version.get());
    try {
      return await asked;
    } catch (error) {
      if (this.#knownVersion === asked) this.#knownVersion = undefined;
      throw error;
    }
  }

  /** Resolves when there is a containerd to call: at once while the connection stands, else as `waitForReady`. */
  async reachable(timeoutMs: number): Promise<void> {
    if (!this.#channel.connected) await this.waitForReady(timeoutMs);
  }

  /** Resolves with containerd's version once it answers; `unavailable` when it does not within `timeoutMs`. */
  async waitForReady(timeoutMs: number, options: Pick<CallOptions, 'signal'> = {}): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const left = Math.max(1, deadline - performance.now());
      try {
        return (await this.version.get({ ...options, deadlineMs: left })).version;
      } catch (error) {
        if (!isErrorCode(error, 'unavailable') || performance.now() + 50 > deadline) throw error;
      }
      await sleep(20, options.signal);
    }
  }

  /** Drop the connection; the next call makes a new one. Calls that are under way fail with `unavailable`. */
  reconnect(): void {
    this.#channel.reset();
  }

  /** Close the connection for good. Nothing happens to containerd. */
  [Symbol.dispose](): void {
    this.#channel[Symbol.dispose]();
  }
}
