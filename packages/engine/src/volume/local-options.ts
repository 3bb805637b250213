import { isIP } from 'node:net';
import { parseBytes, PouchError } from '@pouch/base';

/** How a local volume with options is mounted; as mount(8) takes it. */
export interface LocalMount {
  readonly type: string;
  readonly device: string;
  readonly options: readonly string[];
}

const KNOWN = new Set(['type', 'o', 'device']);

/** A volume whose size is limited: with the other options of the local driver it cannot be. */
export interface LocalQuota {
  readonly bytes: number;
  readonly inodes?: number;
  /** A set that it shares; absent: one of its own. */
  readonly id?: number;
}

/** Read the options `size`, `inodes` and `quota-id`. Undefined without. Throws invalid-argument. */
export function parseLocalQuota(options: Readonly<Record<string, string>>): LocalQuota | undefined {
  const { size, inodes, 'quota-id': id, ...others } = options;
  if (size === undefined) {
    if (inodes !== undefined || id !== undefined) throw invalid('the options inodes and quota-id need a size');
    return undefined;
  }
  const [other] = Object.keys(others);
  if (other !== undefined) throw invalid(`the option "${other}" cannot stand beside a size`);
  for (const number of [inodes, id]) {
    if (number !== undefined && !/^[1-9]\d{0,9}$/.test(number)) throw invalid(`invalid number: "${number}"`);
  }
  const bytes = parseBytes(size);
  if (bytes <= 0) throw invalid('the size must be more than 0');
  return {
    bytes,
    ...(inodes !== undefined && { inodes: Number(inodes) }),
    ...(id !== undefined && { id: Number(id) }),
  };
}

/**
 * Read the options `type`, `device` and `o` of the local driver. Undefined without options: a plain directory. Throws
 * invalid-argument.
 */
export function parseLocalOptions(options: Readonly<Record<string, string>>): LocalMount | undefined {
  const names = Object.keys(options);
  if (names.length === 0) return undefined;
  const unknown = names.find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw invalid(`invalid option: "${unknown}"`);
  const { type = '', device = '', o = '' } = options;
  if ([type, device, o].some((value) => value.includes('\0'))) throw invalid('an option may not hold a NUL byte');
  const list = o.split(',').filter((option) => option !== '');
  const isBind = list.includes('bind') || list.includes('rbind');
  if (type === '' && !isBind) throw invalid('missing required option: "type"');
  if (device === '') throw invalid('missing required option: "device"');
  if (type !== '' && !/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(type)) throw invalid(`invalid file system type "${type}"`);
  if (isBind && !device.startsWith('/'))
    throw invalid(`the device of a bind must be an absolute path, not "${device}"`);
  if (list.some((option) => /^(remount|move|make-.*|loop=.*)$/.test(option)))
    throw invalid(`invalid mount options "${o}"`);
  return /^nfs4?$/.test(type) ? withServer(type, device, list) : { type: type || 'none', device, options: list };
}

/** Docker's way of naming an NFS server is `o=addr=…` with the device `:/path`; mount.nfs wants `server:/path`. */
function withServer(type: string, device: string, list: readonly string[]): LocalMount {
  const address = list.find((option) => option.startsWith('addr='))?.slice('addr='.length);
  if (!device.startsWith(':') || !address) return { type, device, options: list };
  const server = isIP(address) === 6 ? `[${address}]` : address;
  return { type, device: `${server}${device}`, options: list.filter((option) => !option.startsWith('addr=')) };
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
