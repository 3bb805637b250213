import { KeyedMutex, PouchError } from '@pouch/base';
import { readShaped, shapeDevice, type ShapedCounters, type TrafficPrograms, unshapeDevice } from '@pouch/linux';
import type { BandwidthLimits } from './bandwidth-limits.ts';
import type { EndpointRecord, SandboxRecord } from './sandbox-record.ts';

/** The name of the device that an endpoint's outgoing traffic is led through: 14 characters, of the endpoint's id. */
export function mirrorName(endpointId: string): string {
  return `pi${endpointId.slice(0, 12)}`;
}

/** Puts the recorded limits of sandboxes into the kernel. May be called again at any time. */
export class Bandwidth {
  readonly #mutex = new KeyedMutex();
  readonly #programs: TrafficPrograms;

  constructor(dependencies: TrafficPrograms) {
    this.#programs = dependencies;
  }

  /** `before`: limits that may have to go. */
  async apply(record: SandboxRecord, before?: BandwidthLimits): Promise<void> {
    const limits = record.owner?.bandwidth;
    if (!limits && !before) return;
    await this.#mutex.run(record.id, async () => {
      for (const endpoint of record.endpoints) await this.#shape(endpoint, limits ?? {}, before ?? {});
    });
  }

  /** By the interface's name in the container. */
  async counters(
    record: SandboxRecord,
  ): Promise<Record<string, { ingress?: ShapedCounters; egress?: ShapedCounters }>> {
    const limits = record.owner?.bandwidth ?? {};
    const entries = record.endpoints.map(async ({ id, interface: name = '', hostInterface }) => {
      const [ingress, egress] = await Promise.all([
        limits.ingress && hostInterface ? readShaped(hostInterface) : undefined,
        limits.egress ? readShaped(mirrorName(id)) : undefined,
      ]);
      return [name, { ...(ingress && { ingress }), ...(egress && { egress }) }] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  async #shape(endpoint: EndpointRecord, limits: BandwidthLimits, before: BandwidthLimits): Promise<void> {
    const { hostInterface: device, networkName, interface: inside } = endpoint;
    if (inside === undefined) return;
    if (device === undefined) {
      throw new PouchError(
        'unsupported',
        `traffic on network ${networkName} cannot be limited: only that on bridges can.`,
      );
    }
    const mirror = mirrorName(endpoint.id);
    for (const which of ['ingress', 'egress'] as const) {
      if (before[which] && !limits[which]) await unshapeDevice(device, mirror, which);
    }
    await shapeDevice({ device, mirror, ...limits }, this.#programs);
  }
}
