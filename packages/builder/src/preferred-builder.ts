import type { PouchClient } from '@pouch/client';

export type BuilderName = 'buildkit' | 'classic';

/** The builder that the user's environment names (`DOCKER_BUILDKIT`), or else the one that the daemon would rather be asked for. */
export async function preferredBuilder(client: PouchClient, environment: NodeJS.ProcessEnv): Promise<BuilderName> {
  if (/^(0|f|false)$/i.test(environment['DOCKER_BUILDKIT'] ?? '')) return 'classic';
  return await client.builds.preferred();
}
