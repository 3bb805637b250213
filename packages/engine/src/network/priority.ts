import { type Logger, PouchError } from '@pouch/base';
import { findUplink, nftApply, prepareUplink, releaseUplink, type Uplink, UPLINK_HANDLE } from '@pouch/linux';
import type { SandboxRecord } from './sandbox-record.ts';

export interface PriorityOptions {
  /** Name of the table; it is there only while a container has a priority. */
  readonly table: string;
  /** Default: the device of the default route. */
  readonly device?: string | undefined;
  /** Bits per second. Default: what the device tells. */
  readonly bits?: number | undefined;
}

/**
 * Classes on the host's uplink. Packets of a container are marked by their source address as they are forwarded, and the uplink's queue
 * serves lower classes first. Uplink and table are left alone until the first container asks.
 */
export class Priority {
  readonly #options: PriorityOptions;
  readonly #log: Logger;
  /** By sandbox. */
  readonly #wanted = new Map<string, SandboxRecord>();
  #turn: Promise<void> = Promise.resolve();
  #prepared: string | undefined;

  constructor(options: PriorityOptions, dependencies: { readonly log: Logger }) {
    this.#options = options;
    this.#log = dependencies.log;
  }

  /** Bring the kernel to what the sandbox's record says. Throws `unsupported` or `conflict` where the uplink cannot have classes. */
  async apply(record: SandboxRecord): Promise<void> {
    if (!record.owner?.priority) return await this.forget(record.id);
    this.#wanted.set(record.id, record);
    try {
      await this.#update();
    } catch (error) {
      this.#wanted.delete(record.id);
      throw error;
    }
  }

  async forget(sandboxId: string): Promise<void> {
    if (this.#wanted.delete(sandboxId)) await this.#update();
  }

  /** Take all of it off the host. */
  async remove(): Promise<void> {
    this.#wanted.clear();
    await this.#update();
  }

  async #update(): Promise<void> {
    const mine = this.#turn.then(async () => {
      if (this.#wanted.size === 0) return await this.#release();
      const uplink = await this.#uplink();
      await prepareUplink(uplink);
      this.#prepared = uplink.device;
      await nftApply(this.#script(uplink.device));
    });
    this.#turn = mine.catch(() => {});
    await mine;
  }

  async #release(): Promise<void> {
    await nftApply(`table inet ${this.#options.table} {}\ndelete table inet ${this.#options.table}\n`);
    const device = this.#prepared ?? (await this.#uplink().catch(() => undefined))?.device;
    this.#prepared = undefined;
    if (device === undefined) return;
    await releaseUplink(device).catch((error: unknown) =>
      this.#log.warn('the uplink keeps its classes', { device, error }),
    );
  }

  async #uplink(): Promise<Uplink> {
    const found = await findUplink();
    const device = this.#options.device ?? found.device;
    if (device === undefined || !/^[\w.-]{1,15}$/.test(device)) {
      throw new PouchError(
        'unsupported',
        '--net-priority: this host has no default route; name its uplink (net-uplink).',
      );
    }
    const bits = this.#options.bits ?? (device === found.device ? found.bits : undefined);
    if (bits !== undefined) return { device, bits };
    throw new PouchError(
      'unsupported',
      `--net-priority: ${device} does not tell its speed; give it (net-uplink-rate).`,
    );
  }

  #script(device: string): string {
    const { table } = this.#options;
    const of = (family: 'ipv4' | 'ipv6'): string => {
      const elements = [...this.#wanted.values()].flatMap(({ owner, endpoints }) =>
        endpoints.flatMap((endpoint) =>
          endpoint[family] ? [`${endpoint[family]} : ${UPLINK_HANDLE}:${owner?.priority}`] : [],
        ),
      );
      return elements.length > 0 ? ` elements = { ${elements.join(', ')} }` : '';
    };
    return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {
  map priority4 { type ipv4_addr : classid;${of('ipv4')} }
  map priority6 { type ipv6_addr : classid;${of('ipv6')} }
  chain forward {
    type filter hook forward priority 10; policy accept;
    oifname "${device}" meta priority set ip saddr map @priority4
    oifname "${device}" meta priority set ip6 saddr map @priority6
  }
}
`;
  }
}
