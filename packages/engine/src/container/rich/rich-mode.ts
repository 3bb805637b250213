import type { ContainerConfig, HostConfig } from '@pouch/api';
import { PouchError } from '@pouch/base';
import type { ContainerRecord } from '../container-record.ts';
import { fillMachineCpus } from '../spec/assign-cpus.ts';
import type { ImageInit, RichMode } from './rich-types.ts';

export interface RichDefaults {
  readonly rich: boolean;
  readonly mode: RichMode;
}

/** Labels by which an image, or a client that knows no better, asks for rich mode. */
export const RICH_LABELS = { rich: 'pouch.rich', mode: 'pouch.rich-mode', keep: 'pouch.rich-keep' } as const;

const MODES: readonly string[] = ['dumb-init', 'systemd', 'sbin-init'];
/** Names under which a command is the init itself: then there is no command beside it. */
const INIT_COMMANDS = new Set(['init', '/init', '/sbin/init', '/usr/sbin/init', '/bin/init', '/usr/bin/init']);
const SYSTEMD_COMMANDS = new Set(['/lib/systemd/systemd', '/usr/lib/systemd/systemd', '/bin/systemd']);

/**
 * Decide Rich, RichMode and RichKeep of a merged config: the request, then the labels (the image's and the container's),
 * then the daemon's settings. Throws invalid-argument for what contradicts itself.
 */
export function fillRich(config: ContainerConfig, defaults: RichDefaults | undefined): void {
  const labels = config.Labels ?? {};
  const flag = (name: string): boolean | undefined => {
    const text = labels[name];
    return text === undefined ? undefined : /^(1|true|yes|on)$/i.test(text);
  };
  const asked = config.Rich ?? (config.RichMode ? true : undefined);
  const rich = asked ?? flag(RICH_LABELS.rich) ?? defaults?.rich ?? false;
  if (!rich) {
    if (config.RichKeep) throw invalid('RichKeep (--rich-keep) needs Rich (--rich)');
    if (config.RichMode) throw invalid(`RichMode ${config.RichMode} contradicts Rich=false`);
    delete config.RichMode;
    delete config.RichKeep;
    if (config.Rich === undefined) return;
    config.Rich = false;
    return;
  }
  const mode = config.RichMode || labels[RICH_LABELS.mode] || defaults?.mode || 'dumb-init';
  if (!MODES.includes(mode)) throw invalid(`unknown rich mode '${mode}': use ${MODES.join(', ')}`);
  const keep = config.RichKeep ?? flag(RICH_LABELS.keep) ?? false;
  if (keep && mode === 'dumb-init') {
    throw invalid('RichKeep (--rich-keep) needs an init that runs services: RichMode systemd or sbin-init');
  }
  config.Rich = true;
  config.RichMode = mode as RichMode;
  config.RichKeep = keep;
}

/** Fit the host configuration to a rich container, and refuse what cannot go with one. `request` is as the user gave it. */
export function fitHostConfig(config: ContainerConfig, hostConfig: HostConfig, request: HostConfig): void {
  if (!config.Rich) return;
  if (hostConfig.PidMode)
    throw invalid(`a rich container has a PID namespace of its own: not PidMode ${hostConfig.PidMode}`);
  if (request.Init) throw invalid('conflicting options: Init (--init) and Rich (--rich): each is the first process');
  hostConfig.Init = false;
  fillMachineCpus(true, hostConfig);
  if (config.RichMode === 'dumb-init') return;
  if (request.CgroupnsMode === 'host') {
    throw invalid(`RichMode ${config.RichMode} needs a cgroup namespace of its own: not CgroupnsMode host`);
  }
  hostConfig.CgroupnsMode = 'private';
}

/** The first process is an init of the image's that runs services; the command is one of them, or there is none. */
export function runsServices(record: Pick<ContainerRecord, 'config'>): boolean {
  return record.config.Rich === true && record.config.RichMode !== 'dumb-init';
}

/** The command is the init: it needs no service beside it. */
export function isInitCommand(path: string): boolean {
  return INIT_COMMANDS.has(path) || SYSTEMD_COMMANDS.has(path);
}

/** Signals by which each init goes down cleanly: systemd(1), init(8), busybox. */
const HALT_SIGNALS: Readonly<Record<ImageInit, string>> = {
  systemd: 'SIGRTMIN+3',
  sysvinit: 'SIGPWR',
  busybox: 'SIGUSR2',
};

/** The signal that asks a container to stop. Of a machine it is its init's; the configured one then is for its command. */
export function stopSignalOf(record: ContainerRecord): string {
  const configured = record.config.StopSignal || 'SIGTERM';
  if (record.init === undefined) return configured;
  return isRealTime(configured) ? configured : HALT_SIGNALS[record.init];
}

/** An image of systemd's names SIGRTMIN+3 for its init, never for a command. */
export function isRealTime(signal: string): boolean {
  return /^(SIG)?RT(MIN|MAX)/i.test(signal) || Number(signal) >= 32;
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
