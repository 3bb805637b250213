import type { HostConfig } from '@pouch/api';
import { containerOfMode, hasOwnNetwork } from '../spec/namespace-mode.ts';
import { invalid } from './invalid.ts';

/** The kernel parameters that each IPC namespace has for itself (ipc_namespaces(7)). */
const IPC_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** Only parameters of the container's own namespaces: any other would change the host. Throws invalid-argument. */
export function validateSysctls(hostConfig: HostConfig): void {
  for (const [name, value] of Object.entries(hostConfig.Sysctls ?? {})) {
    const dotted = name.replaceAll('/', '.');
    if (!/^[\w.-]+$/.test(dotted) || dotted.split('.').some((part) => part === '')) {
      throw invalid(`invalid sysctl name: '${name}'`);
    }
    if (value.includes('\0')) throw invalid(`invalid value for sysctl ${name}`);
    if (dotted.startsWith('net.')) {
      if (!hasOwnNetwork(hostConfig.NetworkMode)) {
        throw invalid(
          `sysctl '${name}' is not allowed with network mode ${hostConfig.NetworkMode}: it would change another's network`,
        );
      }
    } else if (IPC_SYSCTLS.has(dotted) || dotted.startsWith('fs.mqueue.')) {
      const mode = hostConfig.IpcMode;
      if (mode === 'host' || containerOfMode(mode) !== undefined) {
        throw invalid(`sysctl '${name}' is not allowed with IPC mode ${mode}: it would change another's namespace`);
      }
    } else if (dotted === 'kernel.domainname') {
      if (hostConfig.UTSMode === 'host') throw invalid(`sysctl '${name}' is not allowed with UTS mode host`);
    } else {
      throw invalid(
        `sysctl '${name}' is not separated by namespaces: it would change the host. Set it on the host instead.`,
      );
    }
  }
}
