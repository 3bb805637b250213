import { resolve } from 'node:path';
import type { Mount } from '@pouch/api';
import { csvPairs, pair, parseBytes } from '@pouch/base';

const TYPES = new Set(['bind', 'volume', 'tmpfs', 'image', 'npipe', 'cluster']);
const ALONE = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src']);
const PROPAGATIONS = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

interface Draft extends Mount {
  Type: NonNullable<Mount['Type']>;
}

/** `--mount type=bind,source=…,target=…,…`. */
export function parseMount(text: string): Mount {
  if (text === '') throw new Error('value is empty');
  const mount: Draft = { Type: 'volume' };
  for (const [key, value] of csvPairs(text)) {
    if (value === undefined && !ALONE.has(key)) throw new Error(`invalid field '${key}' must be a key=value pair`);
    setField(mount, key, value ?? 'true');
  }
  check(mount);
  return mount;
}

function setField(mount: Draft, key: string, value: string): void {
  switch (key) {
    case 'type': {
      const type = value.toLowerCase();
      if (!TYPES.has(type)) throw new Error(`unknown mount type '${value}' (use bind, volume, tmpfs or image)`);
      mount.Type = type as Draft['Type'];
      return;
    }
    case 'source':
    case 'src':
      mount.Source = value === '.' || value.startsWith('./') || value.startsWith('../') ? resolve(value) : value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.Target = value;
      return;
    case 'readonly':
    case 'ro':
      mount.ReadOnly = switchValue(key, value);
      return;
    case 'consistency':
      mount.Consistency = value.toLowerCase() as NonNullable<Mount['Consistency']>;
      return;
    case 'image-subpath':
      mount.ImageOptions = { Subpath: value };
      return;
    default:
      if (key.startsWith('bind-')) setBindField(mount, key, value);
      else if (key.startsWith('volume-')) setVolumeField(mount, key, value);
      else if (key.startsWith('tmpfs-')) setTmpfsField(mount, key, value);
      else throw new Error(`unexpected key '${key}' in '${key}=${value}'`);
  }
}

function setBindField(mount: Draft, key: string, value: string): void {
  const options = (mount.BindOptions ??= {});
  switch (key) {
    case 'bind-propagation': {
      const propagation = value.toLowerCase();
      if (!PROPAGATIONS.has(propagation)) throw new Error(`invalid propagation '${value}'`);
      options.Propagation = propagation as NonNullable<typeof options.Propagation>;
      return;
    }
    case 'bind-nonrecursive':
      options.NonRecursive = switchValue(key, value);
      return;
    case 'bind-create-src':
      options.CreateMountpoint = switchValue(key, value);
      return;
    case 'bind-recursive':
      if (value === 'disabled') options.NonRecursive = true;
      else if (value === 'writable') options.ReadOnlyNonRecursive = true;
      else if (value === 'readonly') options.ReadOnlyForceRecursive = true;
      else if (value !== 'enabled') {
        throw new Error(`invalid value for bind-recursive: '${value}' (use enabled, disabled, writable or readonly)`);
      }
      return;
    default:
      throw new Error(`unexpected key '${key}' in '${key}=${value}'`);
  }
}

function setVolumeField(mount: Draft, key: string, value: string): void {
  const options = (mount.VolumeOptions ??= {});
  switch (key) {
    case 'volume-subpath':
      options.Subpath = value;
      return;
    case 'volume-nocopy':
      options.NoCopy = switchValue(key, value);
      return;
    case 'volume-label':
      options.Labels = { ...options.Labels, [pair(value)[0]]: pair(value)[1] };
      return;
    case 'volume-driver':
      options.DriverConfig = { ...options.DriverConfig, Name: value };
      return;
    case 'volume-opt': {
      const [name, setting] = pair(value);
      options.DriverConfig = {
        ...options.DriverConfig,
        Options: { ...options.DriverConfig?.Options, [name]: setting },
      };
      return;
    }
    default:
      throw new Error(`unexpected key '${key}' in '${key}=${value}'`);
  }
}

function setTmpfsField(mount: Draft, key: string, value: string): void {
  const options = (mount.TmpfsOptions ??= {});
  if (key === 'tmpfs-size') options.SizeBytes = parseBytes(value);
  else if (key === 'tmpfs-mode') {
    if (!/^[0-7]{1,6}$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
    options.Mode = Number.parseInt(value, 8);
  } else throw new Error(`unexpected key '${key}' in '${key}=${value}'`);
}

function check(mount: Draft): void {
  if (!mount.Target) throw new Error('target is required');
  if (mount.BindOptions && mount.Type !== 'bind') throw wrongOptions('bind', mount.Type);
  if (mount.VolumeOptions && mount.Type !== 'volume') throw wrongOptions('volume', mount.Type);
  if (mount.TmpfsOptions && mount.Type !== 'tmpfs') throw wrongOptions('tmpfs', mount.Type);
  if (mount.ImageOptions && mount.Type !== 'image') throw wrongOptions('image', mount.Type);
  const options = mount.BindOptions;
  if (options?.ReadOnlyNonRecursive && !mount.ReadOnly) {
    throw new Error("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
  }
  if (options?.ReadOnlyForceRecursive && !mount.ReadOnly) {
    throw new Error("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
  }
  if (options?.ReadOnlyForceRecursive && options.Propagation !== 'rprivate') {
    throw new Error(
      "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
    );
  }
}

function wrongOptions(options: string, type: string): Error {
  return new Error(`cannot mix '${options}-*' options with mount type '${type}'`);
}

function switchValue(key: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}
