import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ROOT } from '../../scripts/build/inputs.ts';

/** Where the bundles lie in the guest's copy of the repository. */
export const BUNDLES = '.guest';

/**
 * Make one script of each test file and what it imports of the repository: reading some hundred TypeScript files takes an emulated
 * processor a quarter of a minute. npm's packages stay outside.
 */
export async function bundleTests(files: readonly string[], directory: string): Promise<void> {
  await build({
    entryPoints: files.map((file) => join(ROOT, file)),
    outdir: directory,
    outbase: ROOT,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    sourcemap: 'linked',
    logLevel: 'warning',
    plugins: [packagesOutside, ownPlaces],
  });
}

/** The script's name in the guest. */
export function bundleOf(file: string): string {
  return join(BUNDLES, file.replace(/\.ts$/, '.mjs'));
}

const packagesOutside: Plugin = {
  name: 'packages-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path }) => (path.startsWith('@pouch/') ? undefined : { path, external: true }));
  },
};

/** A file that looks for others beside it finds those of the repository, not of the bundle. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta.')) return undefined;
      const contents = text
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll(/(new URL\(\s*'\.[^']*',\s*)import\.meta\.url/g, `$1${JSON.stringify(`file://${path}`)}`);
      return { contents, loader: 'ts' };
    });
  },
};
