import type { EndpointSettings, NetworkCreateRequest, NetworkInspect, NetworkSummary } from '@pouch/api';
import type { ShapedCounters } from '@pouch/linux';
import type { BandwidthLimits } from './bandwidth-limits.ts';
import type { AttachRequest, Sandbox } from './sandbox.ts';

/** Docker's network filters: every key must match, any of its values suffices (`label` and `label!` want all). */
export type NetworkFilters = Readonly<Record<string, readonly string[]>>;

/**
 * Networks and the containers' places in them.
 *
 * Life of a sandbox: `attach` makes (or takes from the pool) a namespace and returns it ready; the container's process
 * is started in it; `release` lets it go after the process is gone. Both may be called again after a crash in between:
 * `attach` for a container that has a sandbox replaces it, `release` without one does nothing. `reconcile` at start
 * takes up the sandboxes of containers that live and removes everything else that this daemon's records name.
 */
export interface NetworkManager extends AsyncDisposable {
  /** Make the default networks, take up what the last daemon left, fill the pools. Call once, before anything else. */
  start(liveContainerIds: Iterable<string>): Promise<void>;
  create(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }>;
  list(filters?: NetworkFilters): Promise<NetworkSummary[]>;
  /** By name, id, or a unique beginning of the id. Throws `not-found`, or `invalid-argument` when it is ambiguous. */
  inspect(nameOrId: string): Promise<NetworkInspect>;
  /** Throws `permission-denied` for a predefined network, `conflict` while containers are in it. */
  remove(nameOrId: string): Promise<void>;
  prune(filters?: NetworkFilters): Promise<{ NetworksDeleted: string[] }>;
  /**
   * Join a running container to a network, live. Returns what inspect shows of the endpoint. For a container without a
   * sandbox (it is stopped) the caller keeps the wish in its own record and passes it to `attach`.
   */
  connect(network: string, containerId: string, settings?: EndpointSettings): Promise<Sandbox>;
  disconnect(network: string, containerId: string, force?: boolean): Promise<Sandbox | undefined>;
  attach(request: AttachRequest, signal?: AbortSignal): Promise<Sandbox>;
  /**
   * Resolves when the limits on traffic that `attach` was asked for are in the kernel, which goes on after `attach` has returned: for
   * before the container's first process runs. Rejects where they could not be set.
   */
  limited(containerId: string): Promise<void>;
  /** Returns when the ports are free; the namespace and its addresses go in the background. */
  release(containerId: string): Promise<void>;
  /** Change the limits on a running container's traffic; nothing for one that does not run. */
  limit(containerId: string, limits: BandwidthLimits | undefined, priority: number | undefined): Promise<void>;
  /** What has passed the limits of a container, by the name of its interface. */
  bandwidth(
    containerId: string,
  ): Promise<Readonly<Record<string, { readonly ingress?: ShapedCounters; readonly egress?: ShapedCounters }>>>;
  /** The sandbox of a container, or undefined. */
  sandbox(containerId: string): Sandbox | undefined;
  /** Give a running container another name, for DNS. */
  rename(containerId: string, name: string): void;
  /**
   * Put right what a crash left half-made. `start` calls it; safe at any time, as long as the ids name every container
   * that runs. One that is being attached or released right now is left alone.
   */
  reconcile(liveContainerIds: Iterable<string>): Promise<void>;
  /** What `info` should warn of: a firewall that drops forwarded packets, missing kernel features. */
  warnings(): readonly string[];
}
