import type { ContainerConfig, HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { parseCapability, resolveSeccompProfile } from '@pouch/oci';
import { parseDeviceRule } from '../spec/device-rule.ts';
import { mayRaiseLimits } from '../spec/host-facts.ts';
import { parseSecurityOptions } from '../spec/security-options.ts';
import { LOG_DRIVERS, parseLogConfig } from '../stdio/log-options.ts';
import { validateBandwidth, validatePriority } from './bandwidth.ts';
import type { PrepareContext } from './context.ts';
import { invalid } from './invalid.ts';
import { validatePortBindings } from './ports.ts';
import { validateDns } from './validate-dns.ts';
import { validateHooks } from './validate-hooks.ts';
import { validateNamespaceModes } from './validate-namespaces.ts';
import { validateSysctls } from './validate-sysctls.ts';

/**
 * Check a normalised host configuration, limits and mounts apart. `request` is the config as the user gave it: what an
 * image adds is no conflict. Throws invalid-argument or unsupported.
 */
export function validateHostConfig(request: ContainerConfig, hostConfig: HostConfig, context: PrepareContext): void {
  validateRestart(hostConfig);
  validateNamespaceModes(request, hostConfig);
  validatePortBindings(hostConfig.PortBindings);
  validateDns(hostConfig);
  validateCapabilities(hostConfig);
  validateSecurity(hostConfig, context);
  validateDevices(hostConfig);
  validateSysctls(hostConfig);
  validateLog(hostConfig, context);
  validateStorageOptions(hostConfig, context);
  validateBandwidth(hostConfig, context.bandwidthMissing);
  validatePriority(hostConfig, context.priorityMissing);
  validateHooks(hostConfig);
  if (hostConfig.EnableLxcfs && context.lxcfsMissing !== undefined) {
    throw new PouchError('unsupported', `--lxcfs cannot be had: ${context.lxcfsMissing}.`);
  }
  if (!context.runtimes.has(hostConfig.Runtime ?? '')) {
    throw invalid(`unknown or invalid runtime name: ${hostConfig.Runtime}`);
  }
  const { Isolation: isolation = '' } = hostConfig;
  if (isolation !== '' && isolation !== 'default')
    throw invalid(`invalid isolation (${isolation}): linux only supports 'default'`);
  for (const [index, size] of (hostConfig.ConsoleSize ?? []).entries()) {
    if (size > 65535) throw invalid(`invalid console ${index === 0 ? 'height' : 'width'}: ${size}`);
  }
  if (/\0|(^|\/)\.\.(\/|$)/.test(hostConfig.CgroupParent ?? '')) {
    throw invalid(`invalid cgroup parent: ${hostConfig.CgroupParent}`);
  }
  const score = hostConfig.OomScoreAdj ?? 0;
  if (score < context.host.oomScoreAdj && score < 0 && !mayRaiseLimits(context.host)) {
    throw new PouchError(
      'unsupported',
      `OomScoreAdj ${score} cannot be set: the daemon has ${context.host.oomScoreAdj} and lacks CAP_SYS_RESOURCE, which lowering it needs.`,
    );
  }
}

function validateRestart(hostConfig: HostConfig): void {
  const { Name: name = 'no' } = hostConfig.RestartPolicy ?? {};
  validateRestartPolicy(hostConfig.RestartPolicy ?? {});
  if (hostConfig.AutoRemove && name !== 'no') throw invalid("can't create 'AutoRemove' container with restart policy");
}

/** Throws invalid-argument for a policy that is none, or has retries that it cannot have. */
export function validateRestartPolicy(policy: NonNullable<HostConfig['RestartPolicy']>): void {
  const { Name: name = 'no', MaximumRetryCount: retries = 0 } = policy;
  if (!['no', 'always', 'unless-stopped', 'on-failure'].includes(name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  const refused = (why: string): Error => invalid(`invalid restart policy: maximum retry count ${why}`);
  if (retries !== 0 && name !== 'on-failure') throw refused("can only be used with 'on-failure'");
  if (retries < 0) throw refused('cannot be negative');
}

/** Docker writes names with their prefix. */
function capabilityName(name: string): string {
  const upper = name.toUpperCase();
  return upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function validateCapabilities(hostConfig: HostConfig): void {
  for (const key of ['CapAdd', 'CapDrop'] as const) {
    for (const name of hostConfig[key] ?? []) {
      if (name.toUpperCase() === 'ALL' || name.toUpperCase() === 'CAP_ALL') continue;
      try {
        parseCapability(name);
      } catch (cause) {
        throw new PouchError('invalid-argument', `invalid ${key}: unknown capability: "${capabilityName(name)}"`, {
          cause,
        });
      }
    }
  }
  for (const name of hostConfig.Capabilities ?? []) parseCapability(name);
}

function validateSecurity(hostConfig: HostConfig, { host }: PrepareContext): void {
  const options = parseSecurityOptions(hostConfig.SecurityOpt);
  if (options.seccomp?.trimStart().startsWith('{')) {
    resolveSeccompProfile(options.seccomp, { capabilities: host.boundingCapabilities });
  } else if (options.seccomp && !['unconfined', 'builtin'].includes(options.seccomp)) {
    throw invalid("invalid seccomp profile: use 'unconfined', 'builtin', or the profile itself as JSON");
  }
  if (options.seccomp && options.seccomp !== 'unconfined' && !host.seccomp) {
    throw new PouchError('unsupported', 'seccomp is not enabled in this kernel: a seccomp profile cannot be used.');
  }
  if (options.apparmor && options.apparmor !== 'unconfined' && !host.apparmor) {
    throw new PouchError('unsupported', 'AppArmor is not enabled on this host: an AppArmor profile cannot be used.');
  }
  for (const label of options.labels) {
    if (label !== 'disable' && !/^(user|role|type|level|filetype):.+$/.test(label)) {
      throw invalid(`invalid --security-opt: label "${label}"`);
    }
  }
}

function validateDevices(hostConfig: HostConfig): void {
  for (const device of hostConfig.Devices ?? []) {
    const { PathOnHost: source = '', PathInContainer: target = source, CgroupPermissions: access = '' } = device;
    if (!source.startsWith('/') || source.includes('\0')) throw invalid(`invalid device path on the host: '${source}'`);
    if (!target.startsWith('/') || target.includes('\0')) throw invalid(`invalid device path: '${target}'`);
    if (!/^[rwm]{0,3}$/.test(access)) throw invalid(`invalid device mode: ${access}`);
  }
  for (const rule of hostConfig.DeviceCgroupRules ?? []) parseDeviceRule(rule);
  const [request] = hostConfig.DeviceRequests ?? [];
  if (request) {
    const wanted = (request.Capabilities ?? []).map((group) => `[${group.join(' ')}]`).join(' ');
    throw new PouchError(
      'unsupported',
      `could not select device driver "${request.Driver ?? ''}" with capabilities: [${wanted}]`,
    );
  }
}

function validateLog(hostConfig: HostConfig, { logDrivers }: PrepareContext): void {
  const { Type: driver = '', Config: options = {} } = hostConfig.LogConfig ?? {};
  const known = logDrivers.get(driver);
  if (!known) throw invalid(`error looking up logging plugin ${driver}: plugin "${driver}" not found`);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw invalid(`unknown log opt '${name}' for ${driver} log driver`);
  }
  const mode = options.mode ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (options['max-buffer-size'] !== undefined && mode !== 'non-blocking') {
    throw invalid('logger: max-buffer-size option is only supported with mode=non-blocking');
  }
  if (LOG_DRIVERS.some((name) => name === driver)) parseLogConfig({ Type: driver, Config: options });
}

function validateStorageOptions(hostConfig: HostConfig, { quotas }: PrepareContext): void {
  for (const name of Object.keys(hostConfig.StorageOpt ?? {})) {
    if (name !== 'size' && name !== 'inodes') throw invalid(`unknown storage option '${name}': use size or inodes`);
    if (quotas.missing !== undefined) {
      const why = `this host has no disk quota driver: ${quotas.missing}`;
      throw new PouchError('unsupported', `--storage-opt ${name} is not supported: ${why}.`);
    }
  }
}
