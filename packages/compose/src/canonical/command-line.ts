import type { PortEntry, ServiceVolume } from '../schema/service-parts.ts';
import { PortEntry as PortType, ServiceVolume as VolumeType } from '../schema/service-parts.ts';
import type { Type } from '../schema/type.ts';
import { Problems } from '../tree/problems.ts';
import type { Location, Tree } from '../tree/tree.ts';
import { shortPort } from './ports.ts';
import { shortVolume } from './volumes.ts';

const AT: Location = { file: 'command line', line: 1, column: 1 };

/** A port as `-p` has it, in the long syntax; a range is several. */
export function portsOfText(text: string): PortEntry[] {
  return shortPort(text, AT).map((node) => decode(PortType, node, 'publish'));
}

/** A volume as `-v` has it, in the long syntax; paths are relative to `base`. */
export function volumeOfText(text: string, base: string): ServiceVolume {
  return decode(VolumeType, shortVolume(text, AT, base), 'volume');
}

function decode<T>(type: Type<T>, node: Tree, path: string): T {
  const problems = new Problems();
  const value = type.decode(node, path, problems);
  problems.throwIfAny();
  return value as T;
}
