import type { Context } from '../app/context.ts';
import { describeError } from '../app/errors.ts';
import { TemplateError } from '../template/lex.ts';
import { objectTemplate } from './object.ts';

/** Objects used as maps: a key that one lacks prints as `<no value>`. Anywhere else a missing field is a mistake. */
const MAPS = new Set([
  'Annotations',
  'AuxiliaryAddresses',
  'Config',
  'Containers',
  'Data',
  'DriverOpts',
  'EndpointsConfig',
  'ExposedPorts',
  'Labels',
  'Networks',
  'Options',
  'PortBindings',
  'Ports',
  'Status',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
  'Volumes',
]);

/** Fields that may be left out of an answer and then count as nil. */
const OPTIONAL = new Set([
  'Health',
  'Healthcheck',
  'GraphDriver',
  'SizeRw',
  'SizeRootFs',
  'UsageData',
  'Labels',
  'Mounts',
]);

/** Find objects and print them: as a JSON list, or each by a template. What cannot be found is told at the end. */
export async function inspectAll(
  context: Context,
  names: readonly string[],
  format: string,
  find: (name: string) => Promise<object>,
): Promise<number> {
  const template = format === '' ? undefined : compile(format);
  const found: object[] = [];
  const failures: string[] = [];
  for (const result of await Promise.allSettled(names.map(find))) {
    if (result.status === 'fulfilled') found.push(result.value);
    else failures.push(describeError(result.reason));
  }
  if (!template) context.print(found.length === 0 ? '[]' : JSON.stringify(found, null, 4));
  else for (const object of found) context.print(template(object));
  for (const failure of failures) context.warn(failure);
  return failures.length > 0 ? 1 : 0;
}

function compile(format: string): (object: object) => string {
  const maps = new WeakSet<object>();
  const template = objectTemplate(format, {
    missing: (object, field) => {
      if (maps.has(object)) return undefined;
      if (OPTIONAL.has(field)) return null;
      throw new TemplateError(`map has no entry for key "${field}"`);
    },
  });
  return (object) => {
    markMaps(object, maps, false);
    return template(object);
  };
}

function markMaps(value: unknown, maps: WeakSet<object>, isMap: boolean): void {
  if (typeof value !== 'object' || value === null) return;
  if (isMap) maps.add(value);
  for (const [name, child] of Object.entries(value)) {
    // A container's Config is no map; a log driver's is.
    const childIsMap =
      MAPS.has(name) && !(name === 'Config' && typeof child === 'object' && child !== null && 'Image' in child);
    markMaps(child, maps, !isMap && childIsMap);
  }
}
