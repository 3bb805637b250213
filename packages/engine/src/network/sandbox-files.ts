import { mkdirSync, writeFileSync } from 'node:fs';
import { readTextIfExists } from '@pouch/base';
import { extendHosts, formatHosts, type HostsEntry, ownNames, parseExtraHosts } from './hosts-file.ts';
import { gatewayOf, resolvesNames } from './network.ts';
import type { NetworkRegistry } from './network-registry.ts';
import { containerResolvConf, formatResolvConf, readHostResolvConf } from './resolv-conf.ts';
import type { SandboxOwner, SandboxRecord } from './sandbox-record.ts';
import type { SandboxRegistry } from './sandbox-registry.ts';
import { filePaths } from './sandbox-view.ts';

export interface SandboxFilesDependencies {
  readonly networks: NetworkRegistry;
  readonly sandboxes: SandboxRegistry;
  /** What `host-gateway` stands for. */
  readonly hostGateways: () => readonly string[];
}

/**
 * The files that a container gets under /etc: hostname, hosts and resolv.conf. They are written in place, for a running
 * container has them bind-mounted and a new file under the same name would not be seen inside.
 */
export class SandboxFiles {
  readonly #deps: SandboxFilesDependencies;

  constructor(dependencies: SandboxFilesDependencies) {
    this.#deps = dependencies;
  }

  async write(record: SandboxRecord, owner: SandboxOwner): Promise<void> {
    const paths = filePaths(owner.directory);
    const [hosts, resolvConf] = await Promise.all([this.#hosts(record, owner), this.#resolvConf(record, owner)]);
    // Synchronous: three files of a few hundred bytes take less than their round trips through the thread pool.
    mkdirSync(owner.directory, { recursive: true });
    writeFileSync(paths.hostnamePath, `${owner.hostname}\n`, { mode: 0o644 });
    writeFileSync(paths.hostsPath, hosts, { mode: 0o644 });
    writeFileSync(paths.resolvConfPath, resolvConf, { mode: 0o644 });
  }

  async #hosts(record: SandboxRecord, owner: SandboxOwner): Promise<string> {
    const extra = parseExtraHosts(owner.extraHosts, this.#deps.hostGateways());
    if (record.netns === undefined) return extendHosts((await readTextIfExists('/etc/hosts')) ?? '', extra);
    const names = ownNames(owner.hostname, owner.domainname);
    const own = record.endpoints
      .flatMap((endpoint) => [endpoint.ipv4, endpoint.ipv6])
      .flatMap((address) => (address === undefined || names.length === 0 ? [] : [{ address, names }]));
    return formatHosts([...extra, ...this.#links(record, owner), ...own]);
  }

  /** Legacy links of the default bridge. */
  #links(record: SandboxRecord, owner: SandboxOwner): HostsEntry[] {
    const mine = new Set(record.endpoints.map((endpoint) => endpoint.networkId));
    return owner.links.flatMap((link) => {
      const other = this.#deps.sandboxes.ofContainer(link.containerId);
      const shared = other?.endpoints.find((endpoint) => mine.has(endpoint.networkId) && endpoint.ipv4 !== undefined);
      if (shared?.ipv4 === undefined) return [];
      return [{ address: shared.ipv4, names: [...new Set([link.alias, link.hostname, link.name])].filter(Boolean) }];
    });
  }

  async #resolvConf(record: SandboxRecord, owner: SandboxOwner): Promise<string> {
    const host = await readHostResolvConf();
    const server = record.endpoints
      .map((endpoint) => this.#deps.networks.get(endpoint.networkId))
      .filter((network) => network !== undefined && resolvesNames(network))
      .map((network) => network && (gatewayOf(network, 4) ?? gatewayOf(network, 6)))
      .find((address) => address !== undefined);
    return formatResolvConf(containerResolvConf(host, owner, { server, keepLoopback: record.netns === undefined }));
  }
}
