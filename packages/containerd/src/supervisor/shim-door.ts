import { mkdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { findExecutable, shellWord, writeFileAtomic } from '@pouch/base';

const SHIM = 'containerd-shim-runc-v2';
/** Where the shim keeps the state of containers that name no place of their own. */
const DEFAULT_ROOT = '/run/containerd/runc';

export interface ShimDoorOptions {
  /** A directory for it. */
  readonly directory: string;
  /** The containerd namespace whose tasks name `runtimeRoot`. */
  readonly namespace: string;
  /** Below it, in a directory by the namespace's name, the OCI runtime has one by the container's id for as long as it knows it. */
  readonly runtimeRoot: string;
  /** Where programs are looked for, in order. */
  readonly path: readonly string[];
}

/**
 * Write a program by the shim's name that becomes the shim, save for one call. When a task is deleted containerd waits for the end
 * of its shim, and then for `shim delete`, which starts the OCI runtime for a container that the shim has just taken away. That
 * is left out where the runtime has no state of it. Resolves with the directory to put before all others on containerd's PATH;
 * undefined where the shim is not found.
 */
export async function writeShimDoor(options: ShimDoorOptions): Promise<string | undefined> {
  const { directory, namespace, runtimeRoot, path } = options;
  const shim = await findExecutable(
    SHIM,
    path.filter((place) => isAbsolute(place) && place !== directory),
  );
  if (shim === undefined) return undefined;
  const known = [runtimeRoot, DEFAULT_ROOT].map((root) => `! [ -e ${shellWord(join(root, namespace))}/"$8" ]`);
  const text = `#!/bin/sh
# Written anew at each start; changes are lost. What it is for: docs/adr/0038.
if [ "$1 $2 $7 \${11}" = ${shellWord(`-namespace ${namespace} -id delete`)} ] && ${known.join(' && ')}; then
  printf '\\020\\211\\001' # The answer that the shim would give: exit status 137.
  exit
fi
exec ${shellWord(shim)} "$@"
`;
  await mkdir(directory, { recursive: true, mode: 0o711 });
  await writeFileAtomic(join(directory, SHIM), text, 0o755);
  return directory;
}
