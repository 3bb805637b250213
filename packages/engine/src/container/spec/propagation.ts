import { PouchError } from '@pouch/base';
import { mountOf, readMounts } from '@pouch/linux';
import type { Mount, RootfsPropagation } from '@pouch/oci';
import type { ProcView } from './spec-input.ts';

/**
 * What the root file system's propagation must be for the binds to have theirs: a shared bind needs a shared root, a slave
 * one at least a slave. `views` are known to propagate. Throws invalid-argument when the source is not mounted so that it could propagate.
 */
export async function rootfsPropagation(
  mounts: readonly Mount[],
  views: readonly ProcView[] = [],
): Promise<RootfsPropagation | undefined> {
  const ours = new Set(views.flatMap(({ beneath, shown }) => [beneath, shown]));
  const propagating = mounts.filter(({ options }) => options?.some((each) => /^r?(shared|slave)$/.test(each)));
  // The views are made so by ourselves: reading the table of mounts takes longer than all of them.
  const wanted = propagating.filter(({ source = '' }) => !ours.has(source));
  if (wanted.length === 0) return propagating.length > 0 ? 'rslave' : undefined;
  const table = await readMounts();
  let result: RootfsPropagation = 'rslave';
  for (const { source = '', options = [] } of wanted) {
    const isShared = options.some((each) => /^r?shared$/.test(each));
    const under = mountOf(table, source);
    const fields = under?.propagation ?? [];
    const shares = fields.some((field) => field.startsWith('shared:'));
    const follows = fields.some((field) => field.startsWith('master:'));
    if (isShared && !shares) {
      throw new PouchError(
        'invalid-argument',
        `path ${source} is mounted on ${under?.mountPoint} but it is not a shared mount`,
      );
    }
    if (!isShared && !shares && !follows) {
      throw new PouchError(
        'invalid-argument',
        `path ${source} is mounted on ${under?.mountPoint} but it is not a shared or slave mount`,
      );
    }
    if (isShared) result = 'shared';
  }
  return result;
}
