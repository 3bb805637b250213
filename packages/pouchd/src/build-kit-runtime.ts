import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec, type Logger, PouchError } from '@pouch/base';
import type { Runtimes } from './default-runtime.ts';

/** The version of the OCI runtime specification that BuildKit writes today. */
const SPEC_VERSION = '1.3.0';
const REFUSED = /unknown version|unsupported version|version specified/i;

/**
 * The OCI runtime of build steps: the containers' default, unless it refuses the specification that BuildKit writes, as crun
 * before 1.9 does: then the first other one that does not.
 */
export async function chooseBuildRuntime({ defaultRuntime, all }: Runtimes, logger: Logger): Promise<string> {
  const names = [defaultRuntime, ...[...all.keys()].filter((name) => name !== defaultRuntime)];
  for (const name of names) {
    const binary = all.get(name)?.binary ?? name;
    if (await reads(binary)) {
      if (name !== defaultRuntime) {
        logger.info('build steps run with another runtime than containers, whose default is too old for BuildKit', {
          runtime: name,
          default: defaultRuntime,
        });
      }
      return binary;
    }
  }
  throw new PouchError(
    'unsupported',
    `none of the OCI runtimes (${names.join(', ')}) reads version ${SPEC_VERSION} of the runtime specification, which BuildKit writes: install runc, or crun 1.9 or newer`,
  );
}

/** Whether the runtime gets past the version of a specification. The bundle has no file system, so that nothing is run. */
async function reads(binary: string): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'pouch-probe-'));
  try {
    const spec = {
      ociVersion: SPEC_VERSION,
      root: { path: 'none' },
      process: { cwd: '/', args: ['true'] },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
      linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }] },
    };
    await writeFile(join(directory, 'config.json'), JSON.stringify(spec));
    const root = join(directory, 'root');
    await mkdir(root);
    const words = ['--root', root, 'run', '--bundle', directory, 'pouch-probe'];
    const { stdout, stderr, code } = await exec(binary, words, { allowFailure: true, timeout: 10_000 });
    await exec(binary, ['--root', root, 'delete', '--force', 'pouch-probe'], { allowFailure: true, timeout: 10_000 });
    return code === 0 || !REFUSED.test(stdout + stderr);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
