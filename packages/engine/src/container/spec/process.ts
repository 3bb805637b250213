import { PouchError } from '@pouch/base';
import type { Process } from '@pouch/oci';
import { containerCapabilities, toLinuxCapabilities } from './capabilities.ts';
import { resolveContainerUser, toProcessUser } from './container-user.ts';
import { buildEnvironment } from './environment.ts';
import { mayRaiseLimits } from './host-facts.ts';
import { INIT_DESTINATION, usesInit } from './init.ts';
import { buildRlimits } from './rlimits.ts';
import { parseSecurityOptions } from './security-options.ts';
import type { SpecInput } from './spec-input.ts';

/** The container's first process. */
export async function buildProcess(input: SpecInput): Promise<Process> {
  const { record, host } = input;
  const { config, hostConfig } = record;
  const security = parseSecurityOptions(hostConfig.SecurityOpt);
  const { rich } = input;
  const user = await resolveContainerUser(input.rootfs, rich?.init ? '0:0' : (config.User ?? ''), hostConfig.GroupAdd);
  const tty = config.Tty ?? false;
  const [height, width] = hostConfig.ConsoleSize ?? [0, 0];
  const command = [record.path, ...record.args];
  const rlimits = buildRlimits(hostConfig.Ulimits ?? [], host);
  const score = oomScore(input);
  return {
    terminal: tty,
    ...(tty && height > 0 && width > 0 && { consoleSize: { height, width } }),
    user: toProcessUser(user, hostConfig.Umask),
    args: rich ? [...rich.args] : usesInit(record) ? [INIT_DESTINATION, '--', ...command] : command,
    env: buildEnvironment({
      // systemd(1) reads `container`; services get their environment elsewhere.
      entries: rich?.init ? ['container=pouch'] : (config.Env ?? []),
      hostname: config.Hostname ?? '',
      home: user.home,
      tty,
    }),
    cwd: rich?.init ? '/' : config.WorkingDir || '/',
    capabilities: toLinuxCapabilities(containerCapabilities(hostConfig, host, rich?.init?.capabilities)),
    ...(rlimits.length > 0 && { rlimits }),
    noNewPrivileges: security.noNewPrivileges || (input.noNewPrivileges ?? false),
    ...(score !== undefined && { oomScoreAdj: score }),
    ...processLabels(input),
  };
}

/** AppArmor and SELinux, only where the host has them. */
export function processLabels(
  input: Pick<SpecInput, 'record' | 'host' | 'apparmorProfile'>,
): Pick<Process, 'apparmorProfile' | 'selinuxLabel'> {
  const { host, record } = input;
  const security = parseSecurityOptions(record.hostConfig.SecurityOpt);
  const privileged = record.hostConfig.Privileged ?? false;
  const profile = security.apparmor ?? (privileged ? 'unconfined' : input.apparmorProfile);
  const label = selinuxLabel(security.labels);
  return {
    ...(host.apparmor && profile !== undefined && { apparmorProfile: profile }),
    ...(host.selinux && !privileged && label !== undefined && { selinuxLabel: label }),
  };
}

/** `user:role:type:level` with the parts that were named over the usual ones; undefined when none was. */
function selinuxLabel(labels: readonly string[]): string | undefined {
  if (labels.length === 0 || labels.includes('disable')) return undefined;
  const parts: Record<string, string> = { user: 'system_u', role: 'system_r', type: 'container_t', level: 's0' };
  for (const label of labels) {
    const at = label.indexOf(':');
    parts[label.slice(0, at)] = label.slice(at + 1);
  }
  return [parts.user, parts.role, parts.type, parts.level].join(':');
}

/** Left out where the daemon itself could not set it: the container then has the daemon's own. */
function oomScore({ record, host }: SpecInput): number | undefined {
  const wanted = record.hostConfig.OomScoreAdj ?? 0;
  if (wanted >= host.oomScoreAdj || mayRaiseLimits(host)) return wanted;
  if (wanted === 0) return undefined;
  throw new PouchError(
    'unsupported',
    `OomScoreAdj ${wanted} cannot be set: the daemon has ${host.oomScoreAdj} and lacks CAP_SYS_RESOURCE, which lowering it needs.`,
  );
}
