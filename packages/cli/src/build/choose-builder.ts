import { type BuilderName, preferredBuilder } from '@pouch/builder';
import type { Context } from '../app/context.ts';
import { ExitError, UsageError } from '../app/errors.ts';
import type { BuildFlags } from './build-flags.ts';

/** Flags that one builder knows and the other does not. */
const BUILDKIT_ONLY = [
  ...['allow', 'attest', 'build-context', 'cache-to', 'load', 'metadata-file', 'no-cache-filter', 'output'],
  ...['provenance', 'push', 'sbom', 'secret', 'ssh'],
];
const CLASSIC_ONLY = [
  ...['classic', 'cpu-period', 'cpu-quota', 'cpu-shares', 'cpuset-cpus', 'cpuset-mems', 'force-rm'],
  ...['memory', 'memory-swap', 'rm'],
];
const BUILDKIT_NETWORKS = ['', 'default', 'host', 'none'];

/**
 * BuildKit where the daemon has it, unless the build asks for something that only the classic builder does. What only BuildKit
 * does is an error without one.
 */
export async function chooseBuilder(
  context: Context,
  flags: BuildFlags,
  given: ReadonlySet<string>,
): Promise<BuilderName> {
  const needsKit = BUILDKIT_ONLY.find((name) => given.has(name));
  const named = BUILDKIT_NETWORKS.includes(flags.network) ? undefined : 'network';
  const needsClassic = CLASSIC_ONLY.find((name) => given.has(name)) ?? named;
  if (needsKit !== undefined && needsClassic !== undefined) {
    throw new UsageError(`--${needsKit} is for BuildKit and --${needsClassic} for the classic builder: leave one out`);
  }
  if (needsClassic !== undefined) return 'classic';
  const preferred = await preferredBuilder(context.client, process.env);
  if (preferred === 'classic' && needsKit !== undefined) {
    throw new ExitError(
      1,
      `--${needsKit} needs BuildKit, which DOCKER_BUILDKIT switches off or the daemon does not have: install buildkitd on its host`,
    );
  }
  return preferred;
}
