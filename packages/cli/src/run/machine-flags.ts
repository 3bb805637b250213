import type { ContainerConfig } from '@pouch/api';
import type { FlagValues } from '../flags/flag.ts';
import { bool, str } from '../flags/types.ts';

const MACHINE = { group: 'Machine' } as const;

/** What makes a container feel like a machine. */
export const MACHINE_FLAGS = {
  rich: bool('Run it as a machine: an init is process 1, the command is its service', MACHINE),
  'rich-mode': str('That init: dumb-init (from this host), systemd or sbin-init (from the image)', {
    ...MACHINE,
    values: ['dumb-init', 'systemd', 'sbin-init'],
  }),
  'rich-keep': bool('The machine lives on when its command has ended', MACHINE),
};

type MachineFlags = FlagValues<typeof MACHINE_FLAGS>;

/** The part of the request that those flags make. */
export function machineConfig(flags: MachineFlags, given: ReadonlySet<string>): ContainerConfig {
  const mode = flags['rich-mode'];
  if (mode !== '' && !isMode(mode))
    throw new Error(`invalid --rich-mode '${mode}': use dumb-init, systemd or sbin-init`);
  return {
    ...(given.has('rich') && { Rich: flags.rich }),
    ...(mode !== '' && { RichMode: mode }),
    ...(given.has('rich-keep') && { RichKeep: flags['rich-keep'] }),
  };
}

function isMode(text: string): text is 'dumb-init' | 'systemd' | 'sbin-init' {
  return text === 'dumb-init' || text === 'systemd' || text === 'sbin-init';
}
