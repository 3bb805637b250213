import { PouchError } from '@pouch/base';
import type { LinuxNamespace } from '@pouch/oci';
import { containerOfMode } from './namespace-mode.ts';
import type { SpecInput } from './spec-input.ts';

/** The namespaces of a container: its own, another's by path, or the host's by being left out. */
export function buildNamespaces({ record, sandbox, joined }: SpecInput): LinuxNamespace[] {
  const { hostConfig } = record;
  const namespaces: LinuxNamespace[] = [{ type: 'mount' }];
  const join = (type: 'ipc' | 'pid', mode: string | undefined, path: string | undefined): void => {
    const other = containerOfMode(mode);
    if (mode === 'host') return;
    if (other === undefined) namespaces.push({ type });
    else if (path !== undefined) namespaces.push({ type, path });
    else throw new PouchError('conflict', `cannot join ${type.toUpperCase()} of container ${other}: it is not running`);
  };
  if (hostConfig.NetworkMode !== 'host') {
    const { netnsPath } = sandbox;
    namespaces.push({ type: 'network', ...(netnsPath !== undefined && { path: netnsPath }) });
  }
  join('ipc', hostConfig.IpcMode, joined?.ipcPath);
  join('pid', hostConfig.PidMode, joined?.pidPath);
  if (hostConfig.UTSMode !== 'host') namespaces.push({ type: 'uts' });
  if (hostConfig.CgroupnsMode === 'private') namespaces.push({ type: 'cgroup' });
  return namespaces;
}
