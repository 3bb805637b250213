import type { ContainerRecord } from '../container-record.ts';
import { hasOwnNetwork } from './namespace-mode.ts';

/**
 * Kernel parameters of the container's own namespaces. In its own network any user may bind low ports and send pings:
 * both are only about itself there.
 */
export function buildSysctls({ config, hostConfig }: ContainerRecord): Record<string, string> {
  const sysctls: Record<string, string> = {};
  if (hasOwnNetwork(hostConfig.NetworkMode)) {
    sysctls['net.ipv4.ip_unprivileged_port_start'] = '0';
    sysctls['net.ipv4.ping_group_range'] = '0 2147483647';
  }
  if (config.Domainname && hostConfig.UTSMode !== 'host') sysctls['kernel.domainname'] = config.Domainname;
  return { ...sysctls, ...hostConfig.Sysctls };
}
