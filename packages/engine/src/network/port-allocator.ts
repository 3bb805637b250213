import { isErrorCode, PouchError } from '@pouch/base';
import { type HeldHostPort, holdPort, hostPort } from './port-holder.ts';
import type { Protocol, PublishedPort, WantedPort } from './sandbox-record.ts';

/** Where free host ports are looked for, as Docker does: the dynamic ports of RFC 6335 without the first. */
const EPHEMERAL_START = 49153;
const EPHEMERAL_END = 65535;

/** Where a container can be reached. */
export interface PortTarget {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

export interface PortAllocatorOptions {
  /** The host speaks IPv6: a binding without an address also covers `::`. */
  readonly ipv6: boolean;
}

/**
 * Host ports of all sandboxes. A port is taken here, among our containers, and by a bound socket against every other
 * process of the host.
 */
export class PortAllocator implements AsyncDisposable {
  readonly #options: PortAllocatorOptions;
  /** `tcp 8080` → host addresses in use. */
  readonly #taken = new Map<string, Set<string>>();
  readonly #held = new Map<string, HeldHostPort[]>();
  #nextEphemeral = EPHEMERAL_START;

  constructor(options: PortAllocatorOptions) {
    this.#options = options;
  }

  /**
   * Take host ports for what a sandbox wants to publish, all or none. `defaultHostIp` stands for an empty address.
   * Throws `conflict` when a port is in use, with Docker's words.
   */
  async allocate(
    sandboxId: string,
    wanted: readonly WantedPort[],
    target: PortTarget,
    defaultHostIp = '',
  ): Promise<PublishedPort[]> {
    const published: PublishedPort[] = [];
    try {
      for (const port of wanted) published.push(...(await this.#allocateOne(sandboxId, port, target, defaultHostIp)));
      return published;
    } catch (error) {
      await this.release(sandboxId, published);
      throw error;
    }
  }

  /**
   * Take again the ports that a sandbox published before the daemon was restarted. Those that another process bound in
   * between stay ours in the packet filter; they are returned so that the caller can warn.
   */
  async restore(sandboxId: string, ports: readonly PublishedPort[]): Promise<PublishedPort[]> {
    const lost: PublishedPort[] = [];
    for (const port of ports) {
      this.#claim(port.protocol, port.hostIp, port.hostPort);
      try {
        await this.#hold(sandboxId, port);
      } catch {
        lost.push(port);
      }
    }
    return lost;
  }

  async release(sandboxId: string, ports: readonly PublishedPort[]): Promise<void> {
    const held = this.#held.get(sandboxId) ?? [];
    this.#held.delete(sandboxId);
    await Promise.all(held.map((port) => port[Symbol.asyncDispose]()));
    for (const port of ports) this.#forget(port.protocol, port.hostIp, port.hostPort);
  }

  /** Close all sockets; what is published stays so in the packet filter. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#held.values()].flat();
    this.#held.clear();
    await Promise.all(all.map((port) => port[Symbol.asyncDispose]()));
  }

  async #allocateOne(
    sandboxId: string,
    wanted: WantedPort,
    target: PortTarget,
    defaultHostIp: string,
  ): Promise<PublishedPort[]> {
    const addresses = this.#addressesFor(wanted.hostIp || defaultHostIp, target);
    let last: Error | undefined;
    for (const candidate of this.#candidates(wanted)) {
      try {
        return await this.#tryPort(sandboxId, wanted, candidate, addresses, target);
      } catch (error) {
        if (!isErrorCode(error, 'conflict')) throw error;
        last = error;
      }
    }
    throw last ?? new PouchError('unavailable', 'all ports are allocated');
  }

  async #tryPort(
    sandboxId: string,
    wanted: WantedPort,
    candidate: number,
    addresses: readonly string[],
    target: PortTarget,
  ): Promise<PublishedPort[]> {
    const done: PublishedPort[] = [];
    const undo = async (): Promise<void> => {
      for (const port of done) await this.#releaseOne(sandboxId, port);
    };
    for (const hostIp of addresses) {
      const address = (hostIp.includes(':') ? target.ipv6 : undefined) ?? target.ipv4 ?? target.ipv6 ?? '';
      const port: PublishedPort = {
        containerPort: wanted.containerPort,
        protocol: wanted.protocol,
        hostIp,
        hostPort: candidate,
        target: address,
      };
      if (!this.#claim(wanted.protocol, hostIp, candidate)) {
        await undo();
        throw new PouchError('conflict', `Bind for ${hostPort(hostIp, candidate)} failed: port is already allocated`);
      }
      try {
        await this.#hold(sandboxId, port);
      } catch (error) {
        this.#forget(wanted.protocol, hostIp, candidate);
        await undo();
        throw error;
      }
      done.push(port);
    }
    return done;
  }

  async #hold(sandboxId: string, port: PublishedPort): Promise<void> {
    const held = await holdPort(port.protocol, port.hostIp, port.hostPort, {
      address: port.target,
      port: port.containerPort,
    });
    const list = this.#held.get(sandboxId);
    if (list) list.push(held);
    else this.#held.set(sandboxId, [held]);
  }

  async #releaseOne(sandboxId: string, port: PublishedPort): Promise<void> {
    const list = this.#held.get(sandboxId) ?? [];
    const index = list.findIndex(
      (held) => held.protocol === port.protocol && held.hostIp === port.hostIp && held.hostPort === port.hostPort,
    );
    const [held] = index < 0 ? [] : list.splice(index, 1);
    await held?.[Symbol.asyncDispose]();
    this.#forget(port.protocol, port.hostIp, port.hostPort);
  }

  #addressesFor(hostIp: string, target: PortTarget): string[] {
    if (hostIp === '') {
      const both = [...(target.ipv4 === undefined ? [] : ['0.0.0.0']), ...(this.#options.ipv6 ? ['::'] : [])];
      if (both.length > 0) return both;
    } else if (hostIp.includes(':') || target.ipv4 !== undefined) return [hostIp];
    throw new PouchError(
      'invalid-argument',
      `cannot publish on ${hostIp || 'IPv4'}: the container has no address that could be reached from there`,
    );
  }

  *#candidates(wanted: WantedPort): Generator<number> {
    if (wanted.hostPortStart !== 0) {
      for (let port = wanted.hostPortStart; port <= wanted.hostPortEnd; port += 1) yield port;
      return;
    }
    for (let count = EPHEMERAL_START; count <= EPHEMERAL_END; count += 1) {
      const port = this.#nextEphemeral;
      this.#nextEphemeral = port === EPHEMERAL_END ? EPHEMERAL_START : port + 1;
      yield port;
    }
  }

  #claim(protocol: Protocol, ip: string, port: number): boolean {
    const key = `${protocol} ${port}`;
    const used = this.#taken.get(key) ?? new Set<string>();
    const isV6 = ip.includes(':');
    for (const other of used) {
      if (other.includes(':') !== isV6) continue;
      if (other === ip || isWildcard(other) || isWildcard(ip)) return false;
    }
    used.add(ip);
    this.#taken.set(key, used);
    return true;
  }

  #forget(protocol: Protocol, ip: string, port: number): void {
    const key = `${protocol} ${port}`;
    const used = this.#taken.get(key);
    used?.delete(ip);
    if (used?.size === 0) this.#taken.delete(key);
  }
}

function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}
