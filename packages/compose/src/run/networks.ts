import type { NetworkCreateRequest } from '@pouch/api';
import { isErrorCode, PouchError } from '@pouch/base';
import { hashOf, LABEL, OWN_HASH, VERSION } from '../convert/labels.ts';
import type { Project, ProjectNetwork, Service } from '../project/project.ts';
import { all, type Session, step } from './session.ts';

/** Make the networks of these services that are not there yet. Throws where an external one is missing. */
export async function ensureNetworks(session: Session, services: readonly Service[]): Promise<void> {
  const used = new Set(services.flatMap((service) => Object.keys(service.networks)));
  const wanted = [...session.project.networks.values()].filter(({ key }) => used.has(key));
  if (wanted.length === 0) return;
  const known = new Map((await session.client.networks.list()).map((network) => [network.Name, network]));
  await all(
    wanted.map(async (network) => {
      const existing = known.get(network.name);
      if (network.external) {
        if (existing || ['host', 'bridge', 'none'].includes(network.name)) return;
        throw new PouchError('not-found', `network ${network.name} declared as external, but could not be found`);
      }
      if (!existing) await create(session, network);
      else checkLabels(session, network, existing.Labels ?? {});
    }),
  );
}

function checkLabels(session: Session, network: ProjectNetwork, labels: Readonly<Record<string, string>>): void {
  const owner = labels[LABEL.project];
  if (owner !== session.project.name) {
    session.progress.warn(
      `a network with name ${network.name} exists but was not created for project "${session.project.name}".\nSet \`external: true\` to use an existing network`,
    );
  }
  const hash = labels[OWN_HASH];
  if (hash !== undefined && hash !== hashOf(networkRequest(session.project, network, ''))) {
    session.progress.warn(
      `network ${network.name} was made with other settings than the file has now; 'pouch compose down' and 'up' make it anew`,
    );
  }
}

async function create(session: Session, network: ProjectNetwork): Promise<void> {
  const hash = hashOf(networkRequest(session.project, network, ''));
  await step(session, `Network ${network.name}`, ['Creating', 'Created'], async () => {
    try {
      await session.client.networks.create(networkRequest(session.project, network, hash));
    } catch (error) {
      // Another command has made it a moment ago.
      if (!isErrorCode(error, 'conflict', 'already-exists') || !/already exists/.test(error.message)) throw error;
    }
  });
}

function networkRequest(project: Project, network: ProjectNetwork, hash: string): NetworkCreateRequest {
  const { ipam } = network;
  const config = ipam?.config?.map(({ subnet, gateway, ip_range: range, aux_addresses: auxiliary }) => ({
    ...(subnet !== undefined && { Subnet: subnet }),
    ...(range !== undefined && { IPRange: range }),
    ...(gateway !== undefined && { Gateway: gateway }),
    ...(auxiliary && { AuxiliaryAddresses: { ...auxiliary } }),
  }));
  const labels = Object.fromEntries(Object.entries(network.labels ?? {}).map(([key, value]) => [key, value ?? '']));
  return {
    Name: network.name,
    ...(network.driver !== undefined && { Driver: network.driver }),
    ...(network.driver_opts && { Options: { ...network.driver_opts } }),
    ...(network.internal !== undefined && { Internal: network.internal }),
    ...(network.attachable !== undefined && { Attachable: network.attachable }),
    ...(network.enable_ipv4 !== undefined && { EnableIPv4: network.enable_ipv4 }),
    ...(network.enable_ipv6 !== undefined && { EnableIPv6: network.enable_ipv6 }),
    ...(ipam && {
      IPAM: {
        Driver: ipam.driver ?? 'default',
        Config: config ?? [],
        ...(ipam.options && { Options: { ...ipam.options } }),
      },
    }),
    Labels: {
      ...labels,
      [LABEL.project]: project.name,
      [LABEL.network]: network.key,
      [LABEL.version]: VERSION,
      ...(hash !== '' && { [OWN_HASH]: hash }),
    },
  };
}

/** Remove the networks that were made for the project; one that others still use stays, with a warning. */
export async function removeNetworks(session: Session): Promise<void> {
  const { project, client } = session;
  const found = await client.networks.list({ label: [`${LABEL.project}=${project.name}`] });
  await all(
    found.map(async (network) => {
      const id = `Network ${network.Name}`;
      session.progress.step(id, 'Removing', 'working');
      try {
        await client.networks.remove(network.Id);
        session.progress.step(id, 'Removed', 'done');
      } catch (error) {
        if (isErrorCode(error, 'not-found')) session.progress.step(id, 'Removed', 'done');
        else if (error instanceof PouchError && /active endpoints|in use/i.test(error.message)) {
          session.progress.step(id, 'Resource is still in use', 'warning');
        } else throw error;
      }
    }),
  );
}
