import type { DeviceMapping, DeviceRequest, ThrottleDevice, WeightDevice } from '@pouch/api';
import { csvPairs, pair, parseBytes } from '@pouch/base';

/** `--device HOST[:CONTAINER[:rwm]]`. */
export function parseDevice(text: string): DeviceMapping {
  if (/^[^/:]+\/[^/:]+=[^:]+$/.test(text)) {
    throw new Error(
      `${text} names a device of the Container Device Interface, which Pouch does not have; give a path under /dev`,
    );
  }
  const [source = '', second = '', third = '', ...more] = text.split(':');
  const isMode = (part: string): boolean => /^[rwm]{1,3}$/.test(part) && new Set(part).size === part.length;
  if (more.length > 0 || source === '') throw new Error(`invalid device specification: ${text}`);
  if (third !== '' && !isMode(third)) throw new Error(`bad mode specified: ${third}`);
  const modeAlone = third === '' && isMode(second);
  return {
    PathOnHost: source,
    PathInContainer: modeAlone || second === '' ? source : second,
    CgroupPermissions: third || (modeAlone ? second : 'rwm'),
  };
}

export function checkDeviceCgroupRule(text: string): string {
  if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text)) throw new Error(`invalid device cgroup format '${text}'`);
  return text;
}

function devicePath(text: string): { path: string; value: string } {
  const at = text.lastIndexOf(':');
  const path = text.slice(0, at);
  if (at < 0 || text.slice(at + 1) === '') throw new Error(`bad format: ${text} (use PATH:VALUE)`);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  return { path, value: text.slice(at + 1) };
}

export function parseWeightDevice(text: string): WeightDevice {
  const { path, value } = devicePath(text);
  const weight = Number(value);
  if (!/^\d+$/.test(value) || (weight > 0 && (weight < 10 || weight > 1000))) {
    throw new Error(`invalid weight for device: ${text}`);
  }
  return { Path: path, Weight: weight };
}

/** `PATH:RATE` in bytes per second, with units. */
export function parseThrottleBytes(text: string): ThrottleDevice {
  const { path, value } = devicePath(text);
  return { Path: path, Rate: parseBytes(value) };
}

/** `PATH:RATE` in operations per second. */
export function parseThrottleOperations(text: string): ThrottleDevice {
  const { path, value } = devicePath(text);
  if (!/^\d{1,15}$/.test(value)) throw new Error(`invalid rate for device: ${text}`);
  return { Path: path, Rate: Number(value) };
}

/** `--gpus all`, a count, or `device=0,"capabilities=compute,utility"`. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = { Driver: '', Count: 0, DeviceIDs: [], Capabilities: [], Options: {} };
  const capabilities = ['gpu'];
  const seen = new Set<string>();
  for (const [key, value] of csvPairs(text)) {
    const name = value === undefined ? 'count' : key;
    const setting = value ?? key;
    if (seen.has(name)) throw new Error(`gpu request key '${name}' can be specified only once`);
    seen.add(name);
    if (name === 'count') request.Count = gpuCount(setting);
    else if (name === 'driver') request.Driver = setting;
    else if (name === 'device') request.DeviceIDs = setting.split(',');
    else if (name === 'capabilities') capabilities.push(...setting.split(','));
    else if (name === 'options') request.Options = Object.fromEntries(setting.split(',').map(pair));
    else throw new Error(`unexpected key '${name}' in '${text}'`);
  }
  if (seen.has('count') && request.DeviceIDs?.length)
    throw new Error('cannot set both Count and DeviceIDs on device request');
  if (!seen.has('count') && !request.DeviceIDs?.length) request.Count = 1;
  request.Capabilities = [[...new Set(capabilities)]];
  return request;
}

function gpuCount(text: string): number {
  if (text === 'all') return -1;
  if (!/^-?\d{1,6}$/.test(text)) throw new Error(`invalid count (${text}): value must be either "all" or an integer`);
  return Number(text);
}
