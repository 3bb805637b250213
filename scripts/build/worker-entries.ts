import { readFile } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import type { Plugin } from 'esbuild';

const WORKER_URL = /new URL\(\s*'(\.[^']+\.ts)',\s*import\.meta\.url\s*\)/g;

/**
 * Threads in a bundle. The sources start one by `new Worker(new URL('./x.ts', import.meta.url))`, which runs unbuilt. In the
 * bundle the thread's file is an entry of its own, beside the main one, and the URL is written anew to name it. `entries` must
 * name every such file: one that is missing fails the build.
 */
export function workerEntries(entries: Readonly<Record<string, string>>): Plugin {
  const names = new Map(Object.entries(entries).map(([name, path]) => [path, name]));
  return {
    name: 'worker-entries',
    setup(build) {
      build.onLoad({ filter: /\/packages\/[^/]+\/src\/.*\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, 'utf8');
        if (!text.includes('import.meta.url')) return undefined;
        const contents = text.replaceAll(WORKER_URL, (_all, target: string) => {
          const name = names.get(resolve(dirname(path), target));
          if (name === undefined)
            throw new Error(`${relative('.', path)} starts ${basename(target)}, which is no entry of the build`);
          return `new URL('./${name}.cjs', import.meta.url)`;
        });
        return { contents, loader: 'ts' };
      });
    },
  };
}
