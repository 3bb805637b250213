import type { ContainerConfig, HostConfig } from '@pouch/api';
import { containerOfMode } from '../spec/namespace-mode.ts';
import { invalid } from './invalid.ts';

/** Check the namespace modes, and what they rule out. Expects modes filled in. */
export function validateNamespaceModes(config: ContainerConfig, hostConfig: HostConfig): void {
  const { IpcMode = '', PidMode = '', UTSMode = '', UsernsMode = '', CgroupnsMode = '' } = hostConfig;
  checkMode('IPC', IpcMode, ['none', 'private', 'shareable', 'host'], true);
  checkMode('PID', PidMode, ['', 'host'], true);
  checkMode('UTS', UTSMode, ['', 'host'], false);
  checkMode('user namespace', UsernsMode, ['', 'host'], false);
  checkMode('cgroup namespace', CgroupnsMode, ['private', 'host'], false);
  if (UTSMode === 'host' && config.Hostname) throw invalid('conflicting options: hostname and the UTS mode');
  validateNetworkMode(config, hostConfig);
}

function checkMode(kind: string, mode: string, words: readonly string[], joinable: boolean): void {
  if (words.includes(mode)) return;
  if (joinable && containerOfMode(mode)) return;
  if (joinable && mode === 'container:') throw invalid(`invalid ${kind} mode: ${mode}: it must name a container`);
  throw invalid(`invalid ${kind} mode: ${mode}`);
}

function validateNetworkMode(config: ContainerConfig, hostConfig: HostConfig): void {
  const mode = hostConfig.NetworkMode ?? '';
  const joined = containerOfMode(mode);
  if (joined === '') throw invalid('Invalid network mode: invalid container format container:<name|id>');
  if (/[\s\0]/.test(mode)) throw invalid(`invalid network mode: ${mode}`);
  if (mode === 'host' && hostConfig.Links?.length) {
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  }
  if (joined === undefined) return;
  const conflict = (what: string): Error => invalid(`conflicting options: ${what}`);
  if (config.Hostname) throw conflict('hostname and the network mode');
  if (hostConfig.Links?.length) {
    throw conflict("container type network can't be used with links. This would result in undefined behavior");
  }
  if (hostConfig.Dns?.length) throw conflict('dns and the network mode');
  if (hostConfig.ExtraHosts?.length) throw conflict('custom host-to-IP mapping and the network mode');
  if (config.MacAddress) throw conflict('mac-address and the network mode');
  if (Object.keys(hostConfig.PortBindings ?? {}).length > 0) {
    throw conflict('port publishing and the container type network mode');
  }
  if (hostConfig.PublishAllPorts) throw conflict('port publishing and the container type network mode');
  if (Object.keys(config.ExposedPorts ?? {}).length > 0) {
    throw conflict('port exposing and the container type network mode');
  }
}
