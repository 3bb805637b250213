import { createHash } from 'node:crypto';
import type { CopyOrigin, StepContext } from './step-context.ts';
import { produceTar } from '../../container/filesystem/tar-producer.ts';
import { HeldDirectory } from '../../container/filesystem/held-directory.ts';

/** More results are remembered than any build has copies. */
const REMEMBERED = 5_000;

/**
 * A checksum of what is copied out of a stage or an image: names, owners, modes, attributes and contents, and no times, so that a
 * stage that was built anew with the same result changes nothing. Asked once for each path of a file system, which never changes.
 */
export async function hashOrigin(sources: readonly string[], origin: CopyOrigin, step: StepContext): Promise<string> {
  const { pathHashes } = step.env;
  const key = JSON.stringify([origin.chain, sources]);
  const known = pathHashes.get(key);
  if (known !== undefined) return known;
  const hash = await step.heavy(
    async () => await step.layers.view(origin.chain, (root) => hashTree(root, sources, step)),
  );
  if (pathHashes.size >= REMEMBERED) pathHashes.delete(pathHashes.keys().next().value as string);
  pathHashes.set(key, hash);
  return hash;
}

async function hashTree(root: HeldDirectory, sources: readonly string[], step: StepContext): Promise<string> {
  const { workers, logger } = step.env;
  const { signal } = step;
  const found = await workers.run(signal, (worker) => worker.call('findSources', { root: root.descriptor, sources }));
  const hash = createHash('sha256');
  let directories = 0;
  for (const { path, isDirectory } of found) {
    if (isDirectory) directories += 1;
    hash.update(`${path}\0${isDirectory ? 'd' : 'f'}\0`, 'latin1');
    const { held, members } = await workers.run(signal, async (worker) => {
      const name = Buffer.from(path, 'latin1').toString('utf8');
      const source = await worker.call('openSource', { root: root.descriptor, path: `/${name}`, follow: true });
      const own = new HeldDirectory(`/proc/self/fd/${source.directory}`);
      await worker.call('release', {});
      return { held: own, members: source.members };
    });
    try {
      const tar = produceTar({ directory: held.descriptor, members, root: '.', signal, timeless: true }, logger);
      for await (const chunk of tar) hash.update(chunk);
    } finally {
      held[Symbol.dispose]();
    }
  }
  const kind = found.length > 1 ? 'multi' : directories > 0 ? 'dir' : 'file';
  return `${kind}:${hash.digest('hex')}`;
}
