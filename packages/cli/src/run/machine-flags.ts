import { readFileSync } from 'node:fs';
import type { ContainerConfig, HostConfig, OciHook } from '@pouch/api';
import type { FlagValues } from '../flags/flag.ts';
import { bool, list, parsedList, str, uint } from '../flags/types.ts';

const MACHINE = { group: 'Machine' } as const;

/** What makes a container feel like a machine. */
export const MACHINE_FLAGS = {
  initscript: str('Run in the container, as root, before its command: a path, or text for /bin/sh', MACHINE),
  hook: parsedList('hook', 'Program of this host to call: STAGE=PATH[,ARGUMENT…], by OCI stage', parseHook, MACHINE),
  ssh: bool('Serve SSH on its own address, for the keys of --ssh-key or of the image', MACHINE),
  'ssh-key': list('Public key that may log in: a file, or the key itself; asks for --ssh', {
    ...MACHINE,
    complete: 'file',
  }),
  'ssh-port': uint('Port of that server (default 22)', 65535, MACHINE),
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
    ...(flags.initscript !== '' && { InitScript: flags.initscript }),
    ...(given.has('rich') && { Rich: flags.rich }),
    ...(mode !== '' && { RichMode: mode }),
    ...(given.has('rich-keep') && { RichKeep: flags['rich-keep'] }),
  };
}

function isMode(text: string): text is 'dumb-init' | 'systemd' | 'sbin-init' {
  return text === 'dumb-init' || text === 'systemd' || text === 'sbin-init';
}

interface StagedHook {
  readonly stage: string;
  readonly hook: OciHook;
}

function parseHook(text: string): StagedHook {
  const at = text.indexOf('=');
  const [path = '', ...args] = text.slice(at + 1).split(',');
  if (at < 1 || !path.startsWith('/')) throw new Error(`invalid hook '${text}': write STAGE=/PATH[,ARGUMENT…]`);
  return { stage: text.slice(0, at), hook: { Path: path, ...(args.length > 0 && { Args: args }) } };
}

/** The part of the host configuration that those flags make. */
export function machineHostConfig(flags: MachineFlags, given: ReadonlySet<string>): HostConfig {
  const { hook } = flags;
  return {
    ...(given.has('ssh') && { Ssh: flags.ssh }),
    ...(flags['ssh-key'].length > 0 && { SshKeys: flags['ssh-key'].flatMap(readKeys) }),
    ...(flags['ssh-port'] !== 0 && { SshPort: flags['ssh-port'] }),
    ...(hook.length > 0 && { OciHooks: ociHooks(hook) }),
  };
}

function ociHooks(hook: readonly StagedHook[]): NonNullable<HostConfig['OciHooks']> {
  return {
    ...Object.fromEntries(
      Object.entries(Object.groupBy(hook, ({ stage }) => stage)).map(([stage, staged = []]) => [
        stage,
        staged.map((each) => each.hook),
      ]),
    ),
  };
}

/** A key is told from a file's name by its type. */
function readKeys(text: string): string[] {
  if (/^(ssh|ecdsa|sk)-\S+ \S/.test(text)) return [text];
  return readFileSync(text, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
