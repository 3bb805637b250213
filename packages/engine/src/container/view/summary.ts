import type { ContainerSummary } from '@pouch/api';
import type { Sandbox } from '../../network/sandbox.ts';
import type { Container } from '../container.ts';
import { dockerStatus } from '../state-machine.ts';
import { inspectMount, manifestDescriptor, networksOf } from './inspect.ts';
import { statusText } from './status-text.ts';

/** A container as `ps` lists it. */
export function summarise(container: Container, sandbox: Sandbox | undefined): ContainerSummary {
  const { record } = container;
  const { health } = record.state;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.imageReference,
    ImageID: record.imageId,
    Command: [record.path, ...record.args.map(quoteArgument)].join(' '),
    Created: Number(BigInt(record.created) / 1_000_000_000n),
    Ports: sandbox ? summarisePorts(sandbox) : [],
    Labels: record.config.Labels ?? {},
    State: dockerStatus(record.state),
    Status: statusText(record),
    HostConfig: {
      NetworkMode: record.hostConfig.NetworkMode ?? 'default',
      ...(record.hostConfig.Annotations && { Annotations: record.hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: listedNetworks(container, sandbox) },
    Mounts: record.mounts.map(inspectMount),
    ...manifestDescriptor(container),
    Health: { Status: health?.status ?? 'none', FailingStreak: health?.failingStreak ?? 0 },
  };
}

/** Without the names that others find it by: those are for who inspects it. */
function listedNetworks(container: Container, sandbox: Sandbox | undefined): ReturnType<typeof networksOf> {
  const networks = Object.entries(networksOf(container, sandbox));
  return Object.fromEntries(networks.map(([name, endpoint]) => [name, { ...endpoint, DNSNames: null }]));
}

/** As Docker lists arguments: those with spaces in them are quoted. */
function quoteArgument(argument: string): string {
  return argument.includes(' ') ? `'${argument}'` : argument;
}

function summarisePorts(sandbox: Sandbox): ContainerSummary['Ports'] {
  const ports: ContainerSummary['Ports'] = [];
  for (const [key, bindings] of Object.entries(sandbox.ports)) {
    const [port, type = 'tcp'] = key.split('/');
    const plain = { PrivatePort: Number(port), Type: type };
    if (!bindings || bindings.length === 0) ports.push(plain);
    for (const binding of bindings ?? []) {
      ports.push({ IP: binding.HostIp, ...plain, PublicPort: Number(binding.HostPort) });
    }
  }
  return ports;
}
