import type { ExecCreateRequest } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { Process } from '@pouch/oci';
import type { ContainerRecord } from '../container-record.ts';
import { containerCapabilities, toLinuxCapabilities } from './capabilities.ts';
import { resolveContainerUser, toProcessUser } from './container-user.ts';
import { buildEnvironment } from './environment.ts';
import type { HostFacts } from './host-facts.ts';
import { processLabels } from './process.ts';
import { buildRlimits } from './rlimits.ts';
import type { RootfsReader } from './rootfs-view.ts';
import { parseSecurityOptions } from './security-options.ts';

export interface ExecProcessContext {
  readonly host: HostFacts;
  readonly rootfs: RootfsReader;
  readonly apparmorProfile?: string;
  readonly noNewPrivileges?: boolean;
}

/**
 * The process of an exec: the container's user, environment, directory and rights, except where the request says otherwise.
 * Throws invalid-argument for an empty command or an unknown user.
 */
export async function buildExecProcess(
  record: ContainerRecord,
  request: ExecCreateRequest,
  context: ExecProcessContext,
): Promise<Process> {
  const { config, hostConfig } = record;
  const { host, rootfs } = context;
  const args = request.Cmd ?? [];
  if (args.length === 0 || args[0] === '') throw new PouchError('invalid-argument', 'No exec command specified');
  const user = await resolveContainerUser(rootfs, request.User || config.User || '', hostConfig.GroupAdd);
  const tty = request.Tty ?? false;
  const [height, width] = request.ConsoleSize ?? [0, 0];
  const security = parseSecurityOptions(hostConfig.SecurityOpt);
  const rlimits = buildRlimits(hostConfig.Ulimits ?? [], host);
  const privileged = request.Privileged || hostConfig.Privileged || false;
  return {
    terminal: tty,
    ...(tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user: toProcessUser(user, hostConfig.Umask),
    args: [...args],
    env: buildEnvironment({
      entries: [...(config.Env ?? []), ...(request.Env ?? [])],
      hostname: config.Hostname ?? '',
      home: user.home,
      tty,
    }),
    cwd: request.WorkingDir || config.WorkingDir || '/',
    capabilities: toLinuxCapabilities(containerCapabilities({ ...hostConfig, Privileged: privileged }, host)),
    ...(rlimits.length > 0 && { rlimits }),
    noNewPrivileges: security.noNewPrivileges || (context.noNewPrivileges ?? false),
    ...processLabels({ record: { ...record, hostConfig: { ...hostConfig, Privileged: privileged } }, ...context }),
  };
}
