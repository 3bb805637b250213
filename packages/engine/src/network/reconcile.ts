import { type Link, listLinks } from '@pouch/linux';
import { attachPort } from './bridge-driver.ts';
import type { NetworkCatalogue } from './network-catalogue.ts';
import type { NetworkContext } from './network-context.ts';
import type { PublishedPort, SandboxRecord } from './sandbox-record.ts';
import type { SandboxPools } from './sandbox-service.ts';
import { nameSandbox } from './sandbox-view.ts';

/**
 * Bring the kernel and the records together: bridges and the packet filter are put up again as recorded, sandboxes of
 * live containers are taken up with their ports and names, whole prepared ones go back into the pools, and everything
 * half-made or without a live container is taken down.
 */
export async function reconcileSandboxes(
  context: NetworkContext,
  catalogue: NetworkCatalogue,
  pools: SandboxPools,
  isLive: (containerId: string) => boolean,
): Promise<void> {
  const { networks, sandboxes, netns, filter, teardown, addresses, log } = context;
  pools.bridge.drain();
  pools.bare.drain();
  for (const network of networks.all()) {
    await catalogue.up(network).catch((error: unknown) => {
      log.error('cannot bring a network up', { network: network.name, error });
    });
  }
  for (const record of sandboxes.all()) {
    for (const endpoint of record.endpoints) addresses.restore(endpoint.networkId, endpoint);
  }
  const links = new Map((await listLinks()).map((link) => [link.ifname, link]));
  const namespaces = new Set(await boundNamespaces(context));
  const live: SandboxRecord[] = [];
  const wrong: SandboxRecord[] = [];
  for (const record of sandboxes.all()) {
    if (context.factory.isMaking(record.id)) continue;
    if (record.state === 'making') wrong.push(record);
    if (record.state === 'dying') wrong.push(record);
    if (record.state === 'pool') {
      if (isWhole(record, links, namespaces, context))
        (record.endpoints.length > 0 ? pools.bridge : pools.bare).adopt(record);
      else wrong.push(record);
    }
    if (record.state !== 'live') continue;
    const present = record.netns === undefined || namespaces.has(record.netns);
    if (present && record.owner && isLive(record.owner.containerId)) live.push(record);
    else wrong.push(record);
  }
  const mended: SandboxRecord[] = [];
  for (const record of live) mended.push(await mend(record, links, context));
  const bridges = networks.all().flatMap((network) => catalogue.describeBridge(network) ?? []);
  await filter.reset(
    bridges,
    new Map(mended.map((record): [string, readonly PublishedPort[]] => [record.id, record.ports])),
  );
  for (const record of mended) await takeUp(record, context);
  for (const record of wrong) {
    context.names.delete(record.id);
    await context.ports.release(record.id, record.ports);
    teardown.add(record.state === 'dying' ? record : sandboxes.put({ ...record, state: 'dying' }));
  }
  const known = new Set(sandboxes.all().map((record) => record.netns));
  await netns.remove((await netns.list()).filter((name) => !known.has(name)));
}

async function takeUp(record: SandboxRecord, context: NetworkContext): Promise<void> {
  const { names, networks, ports, log } = context;
  if (!record.owner) return;
  names.set(nameSandbox(record, record.owner, networks));
  const limited = Promise.all([context.bandwidth.apply(record), context.priority.apply(record)]);
  await limited.catch((error: unknown) => {
    log.error('the traffic of a container is not limited as it was', { container: record.owner?.containerId, error });
  });
  await ports.release(record.id, record.ports);
  for (const port of await ports.restore(record.id, record.ports)) {
    log.warn('another process took a published port while the daemon was away; the container still answers on it', {
      container: record.owner.containerId,
      port: `${port.hostIp}:${port.hostPort}/${port.protocol}`,
    });
  }
}

/** Drop endpoints whose device was never made; make ports of the bridge again what is none. */
async function mend(
  record: SandboxRecord,
  links: ReadonlyMap<string, Link>,
  context: NetworkContext,
): Promise<SandboxRecord> {
  const { networks, sandboxes, addresses, ip } = context;
  const kept = record.endpoints.filter(
    (endpoint) => endpoint.hostInterface === undefined || links.has(endpoint.hostInterface),
  );
  for (const endpoint of kept) {
    const network = networks.get(endpoint.networkId);
    const link = endpoint.hostInterface === undefined ? undefined : links.get(endpoint.hostInterface);
    if (network && link && (link.master !== network.bridge || !link.isUp)) await ip.run(attachPort(network, endpoint));
  }
  if (kept.length === record.endpoints.length) return record;
  for (const endpoint of record.endpoints) {
    if (!kept.includes(endpoint)) addresses.release(endpoint.networkId, endpoint);
  }
  return sandboxes.put({ ...record, endpoints: kept });
}

function isWhole(
  record: SandboxRecord,
  links: ReadonlyMap<string, Link>,
  namespaces: ReadonlySet<string>,
  context: NetworkContext,
): boolean {
  if (record.netns === undefined || !namespaces.has(record.netns)) return false;
  return record.endpoints.every((endpoint) => {
    const network = context.networks.get(endpoint.networkId);
    const link = endpoint.hostInterface === undefined ? undefined : links.get(endpoint.hostInterface);
    const inSubnet = endpoint.ipv4 === undefined || context.addresses.isTaken(endpoint.networkId, endpoint.ipv4);
    return network !== undefined && link?.master === network.bridge && link?.isUp === true && inSubnet;
  });
}

async function boundNamespaces(context: NetworkContext): Promise<string[]> {
  const names = await context.netns.list();
  const bound = await Promise.all(names.map(async (name) => ((await context.netns.exists(name)) ? name : undefined)));
  return bound.filter((name) => name !== undefined);
}
