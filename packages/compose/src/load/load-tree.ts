import { dirname, resolve } from 'node:path';
import { problemAt, type Problems } from '../tree/problems.ts';
import { get, type MapNode, type Tree } from '../tree/tree.ts';
import { defaultEnvFiles, readEnvFile } from '../variables/environment.ts';
import type { Lookup } from '../variables/interpolate.ts';
import { applyExtends } from './extends.ts';
import { applyInclude } from './include.ts';
import { merge, withoutTags } from './merge.ts';
import { emptyMap, readComposeFile } from './read-file.ts';

export interface TreeOptions {
  /** Absolute, or `-`. */
  readonly files: readonly string[];
  readonly directory: string;
  readonly lookup: Lookup;
  readonly problems: Problems;
  readonly noInterpolation?: boolean;
}

/** The files merged, with `extends` and `include` carried out. Throws invalid-argument with the place of a fault. */
export function loadTree(options: TreeOptions): MapNode {
  return load(options, []);
}

function load(options: TreeOptions, including: readonly string[]): MapNode {
  const { files, directory, problems } = options;
  let result: Tree | undefined;
  for (const path of files) {
    const file = readComposeFile(path, { ...options, base: directory });
    if (!file) continue;
    const extended = applyExtends(file, path, options);
    result = result ? merge(result, extended) : withoutTags(extended);
    if (result?.kind !== 'map' || !get(result, 'include')) continue;
    const chain = [...including, path];
    result = applyInclude(result, options.lookup, (inclusion, lookup) => {
      const circle = inclusion.paths.find((one) => chain.includes(one));
      if (circle !== undefined) {
        throw problemAt((result as Tree).at, `files include each other in a circle: ${[...chain, circle].join(' → ')}`);
      }
      const envFiles = inclusion.envFiles ?? defaultEnvFiles(inclusion.projectDirectory);
      const own = new Map<string, string>();
      for (const envFile of envFiles) for (const [name, value] of readEnvFile(envFile, lookup)) own.set(name, value);
      const inner: Lookup = (name) => lookup(name) ?? own.get(name);
      const paths = inclusion.paths.map((one) => resolve(one));
      const base = { files: paths, directory: inclusion.projectDirectory, lookup: inner, problems };
      return load({ ...base, ...(options.noInterpolation && { noInterpolation: true }) }, chain);
    });
  }
  return result?.kind === 'map' ? result : emptyMap(files[0] ?? dirname(directory));
}
