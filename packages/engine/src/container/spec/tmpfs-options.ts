import { parseBytes, PouchError } from '@pouch/base';

/** Flags of mount(2) that make sense on a tmpfs, and what they undo. */
const FLAGS: Readonly<Record<string, string>> = {
  ro: 'access',
  rw: 'access',
  exec: 'exec',
  noexec: 'exec',
  suid: 'suid',
  nosuid: 'suid',
  dev: 'dev',
  nodev: 'dev',
  atime: 'atime',
  noatime: 'atime',
  relatime: 'atime',
  strictatime: 'atime',
  norelatime: 'atime',
  diratime: 'diratime',
  nodiratime: 'diratime',
  sync: 'sync',
  async: 'sync',
  private: 'propagation',
  rprivate: 'propagation',
  shared: 'propagation',
  rshared: 'propagation',
  slave: 'propagation',
  rslave: 'propagation',
};
const DEFAULTS = ['noexec', 'nosuid', 'nodev'];

/**
 * Options of `--tmpfs path:options` over the defaults (noexec, nosuid, nodev). A size may be `64m` or `50%`. Throws
 * invalid-argument.
 */
export function parseTmpfsOptions(text: string): string[] {
  return mergeTmpfsOptions(text === '' ? [] : text.split(','));
}

export function mergeTmpfsOptions(options: readonly string[]): string[] {
  const merged = new Map<string, string>(DEFAULTS.map((flag) => [FLAGS[flag] as string, flag]));
  for (const option of options) {
    const flag = Object.hasOwn(FLAGS, option) ? FLAGS[option] : undefined;
    if (flag !== undefined) merged.set(flag, option);
    else merged.set(option.split('=')[0] as string, checkValue(option));
  }
  return [...merged.values()];
}

function checkValue(option: string): string {
  const at = option.indexOf('=');
  const name = at < 0 ? option : option.slice(0, at);
  const value = at < 0 ? '' : option.slice(at + 1);
  const bad = (): Error => new PouchError('invalid-argument', `invalid tmpfs option "${option.split('=')[0]}"`);
  switch (name) {
    case 'size':
      return /^\d{1,3}%$/.test(value) ? option : `size=${bytes(value, bad)}`;
    case 'mode':
      if (/^[0-7]{1,4}$/.test(value)) return option;
      break;
    case 'uid':
    case 'gid':
      if (/^\d{1,10}$/.test(value)) return option;
      break;
    case 'nr_inodes':
    case 'nr_blocks':
      if (/^\d{1,18}[kmg]?$/i.test(value)) return option;
      break;
    case 'mpol':
      if (/^[\w:,=-]+$/.test(value)) return option;
      break;
    case 'huge':
      if (/^(never|always|within_size|advise)$/.test(value)) return option;
      break;
    default:
  }
  throw bad();
}

function bytes(value: string, bad: () => Error): number {
  if (!/^\d/.test(value)) throw bad();
  return parseBytes(value);
}
