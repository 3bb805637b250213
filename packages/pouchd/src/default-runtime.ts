import { errorMessage, findExecutable, type Logger, PouchError } from '@pouch/base';
import type { RuntimeDefinition } from '@pouch/engine';
import { claimLeftoverControllers } from '@pouch/linux';
import type { Config } from './config/settings.ts';

export interface Runtimes {
  readonly defaultRuntime: string;
  readonly all: ReadonlyMap<string, RuntimeDefinition>;
}

/**
 * The OCI runtimes of this host. crun is the default where it is installed and works: it starts a container in less than
 * half of runc's time. On a hybrid cgroup host it works once no controller is left on cgroup2, which is seen to here.
 */
export async function chooseRuntimes(config: Config, claimDirectory: string, logger: Logger): Promise<Runtimes> {
  const all = new Map<string, RuntimeDefinition>();
  for (const name of ['runc', 'crun']) {
    if (await findExecutable(name)) all.set(name, { name, binary: name });
  }
  for (const [name, binary] of Object.entries(config.runtimes)) {
    if (!(await findExecutable(binary))) {
      throw new PouchError('invalid-argument', `runtimes: '${name}': ${binary} is not an executable on this host`);
    }
    all.set(name, { name, binary });
  }
  if (all.size === 0) {
    throw new PouchError(
      'unsupported',
      'neither crun nor runc is installed: install one of them (apt-get install crun)',
    );
  }
  const wanted = config['default-runtime'];
  if (wanted !== '' && !all.has(wanted)) {
    throw new PouchError(
      'invalid-argument',
      `default-runtime: '${wanted}' is not installed (there are: ${[...all.keys()].join(', ')})`,
    );
  }
  const usable = all.has('crun') && (await crunWorks(claimDirectory, logger));
  const fallback = usable ? 'crun' : ([...all.keys()][0] as string);
  return { defaultRuntime: wanted || fallback, all };
}

async function crunWorks(claimDirectory: string, logger: Logger): Promise<boolean> {
  try {
    const claimed = await claimLeftoverControllers(claimDirectory);
    if (claimed.length > 0)
      logger.info('cgroup controllers taken off cgroup2, so that crun works on this hybrid host', {
        controllers: claimed.join(','),
        directory: claimDirectory,
      });
    return true;
  } catch (error) {
    logger.warn('crun cannot be used on this host', { error: errorMessage(error) });
    return false;
  }
}
