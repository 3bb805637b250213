import type { ContainerConfig, ContainerCreateRequest, HostConfig } from '@pouch/api';
import { NAME_PATTERN, PouchError, shortId } from '@pouch/base';
import type { ContainerImage } from '../../image/image-service.ts';
import { containerCapabilities } from '../spec/capabilities.ts';
import { containerOfMode } from '../spec/namespace-mode.ts';
import { fillRich, fitHostConfig, runsServices } from '../rich/rich-mode.ts';
import type { PrepareContext, PreparedContainer } from './context.ts';
import { resolveEndpoints } from './endpoints.ts';
import { invalid } from './invalid.ts';
import { mergeConfig } from './merge-config.ts';
import { normaliseHostConfig } from './normalise-host-config.ts';
import { QuotaClaims } from './quota-claims.ts';
import { resolveMounts } from './resolve-mounts.ts';
import { validateConfig } from './validate-config.ts';
import { validateHostConfig } from './validate-host-config.ts';
import { fillSsh } from './validate-ssh.ts';
import { validateResources } from './validate-resources.ts';
import { VolumeClaims } from './volume-claims.ts';

/** Check a container's name. Throws invalid-argument with Docker's words. */
export function validateContainerName(name: string): void {
  const bare = name.startsWith('/') ? name.slice(1) : name;
  if (!NAME_PATTERN.test(bare) || bare.length < 2 || bare.length > 255) {
    throw invalid(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
}

/**
 * From what the user asked, the image's defaults and the daemon's to the final content of a container's record, checked
 * throughout. Volumes that are missing are made last; when anything fails, they are gone again, and the caller undoes them
 * with `dispose` when its own steps fail later.
 */
export async function prepareContainer(
  request: ContainerCreateRequest,
  image: ContainerImage,
  context: PrepareContext,
): Promise<PreparedContainer> {
  const { HostConfig: askedHost = {}, NetworkingConfig: networking, ...asked } = request;
  const config = mergeConfig(asked, image.config.config);
  fillRich(config, context.defaults.rich);
  const hostConfig = normaliseHostConfig(askedHost, context);
  fitHostConfig(config, hostConfig, askedHost);
  fillSsh(config, hostConfig);
  validateConfig(config);
  validateHostConfig(asked, hostConfig, context);
  const warnings = validateResources(hostConfig, context.host);
  const given = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  // A machine needs no command: its init is enough.
  const [path, ...args] = given.length === 0 && runsServices({ config }) ? ['/sbin/init'] : given;
  if (path === undefined || path === '') throw invalid('no command specified');
  await resolveReferences(config, hostConfig, context);
  fillHostname(config, hostConfig, context);
  const endpoints = await resolveEndpoints(config, hostConfig, networking, context);
  warnings.push(...riskWarnings(hostConfig));
  const claims = new VolumeClaims(context.volumes);
  const quotas = new QuotaClaims(context.quotas, hostConfig, containerCapabilities(hostConfig, context.host));
  const release = async (): Promise<void> => {
    await claims.release();
    await quotas.release();
  };
  try {
    const mounts = await resolveMounts(config, hostConfig, context, { volumes: claims, quotas });
    const runtime = hostConfig.Runtime ?? context.defaults.runtime;
    return {
      config,
      hostConfig,
      path,
      args,
      endpoints,
      mounts,
      runtime,
      quotas: quotas.finish(),
      warnings,
      keep: async () => await claims.keep(),
      dispose: release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Names of other containers become ids, so that renaming those changes nothing. */
async function resolveReferences(
  config: ContainerConfig,
  hostConfig: HostConfig,
  context: PrepareContext,
): Promise<void> {
  for (const key of ['NetworkMode', 'IpcMode', 'PidMode'] as const) {
    const reference = containerOfMode(hostConfig[key]);
    if (reference === undefined) continue;
    const other = await context.findContainer(reference);
    if (other.id === context.id) throw invalid('cannot join own namespaces');
    if (key === 'IpcMode' && other.ipcMode !== 'shareable' && other.ipcMode !== 'host') {
      throw new PouchError(
        'invalid-argument',
        `cannot join IPC of a non-shareable container ${reference} (its IPC mode is ${other.ipcMode})`,
      );
    }
    hostConfig[key] = `container:${other.id}`;
    if (key === 'NetworkMode') {
      // One network, one name: what hosts and DNS say there is the other's.
      if (other.hostname) config.Hostname = other.hostname;
      if (other.domainname) config.Domainname = other.domainname;
    }
  }
  for (const link of hostConfig.Links ?? []) {
    const [name = '', alias = name, extra] = link.split(':');
    if (name === '' || alias === '' || extra !== undefined) throw invalid(`bad format for links: ${link}`);
    await context.findContainer(name);
  }
}

function fillHostname(config: ContainerConfig, hostConfig: HostConfig, context: PrepareContext): void {
  if (containerOfMode(hostConfig.NetworkMode) !== undefined || config.Hostname) return;
  const shared = hostConfig.UTSMode === 'host' || hostConfig.NetworkMode === 'host';
  config.Hostname = shared ? context.host.hostname : shortId(context.id);
}

function riskWarnings(hostConfig: HostConfig): string[] {
  const warnings: string[] = [];
  if (hostConfig.NetworkMode === 'host' && Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  return warnings;
}
