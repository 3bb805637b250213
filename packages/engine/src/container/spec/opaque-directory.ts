import { lstat } from 'node:fs/promises';
import { exec, isErrorCode, PouchError } from '@pouch/base';

/** Whether a directory of an overlay layer hides what lower layers have at the same place. */
export type OpaqueCheck = (directory: string) => Promise<boolean>;

const MAX_CACHED = 4096;
const cache = new Map<string, Promise<boolean>>();

/** getxattr(2)'s number by Node's name of the architecture. */
const GETXATTR: Readonly<Record<string, number>> = {
  x64: 191,
  ia32: 229,
  arm: 229,
  arm64: 8,
  riscv64: 8,
  loong64: 8,
  ppc64: 212,
  s390x: 227,
};
const ATTRIBUTE = 'trusted.overlay.opaque';
const PERL =
  'my $v = "\\0" x 16; my $n = syscall($ARGV[0] + 0, $ARGV[1], $ARGV[2], $v, 16); print substr($v, 0, $n) if $n > 0;';

/**
 * Asks for the extended attribute trusted.overlay.opaque. Node cannot read attributes itself, so this runs getfattr(1), or
 * perl where that is missing (every Debian has it); answers are kept by inode and change time, and layers of images never
 * change, so that it happens once per directory. Throws `unsupported` with neither program.
 */
export async function isOpaqueDirectory(directory: string): Promise<boolean> {
  const { dev, ino, ctimeNs } = await lstat(directory, { bigint: true });
  const key = `${dev}:${ino}:${ctimeNs}`;
  let answer = cache.get(key);
  if (!answer) {
    answer = ask(directory);
    cache.set(key, answer);
    if (cache.size > MAX_CACHED) cache.delete(cache.keys().next().value as string);
    answer.catch(() => cache.delete(key));
  }
  return await answer;
}

async function ask(directory: string): Promise<boolean> {
  const args = ['--absolute-names', '--only-values', '-n', ATTRIBUTE, '--', directory];
  try {
    const { code, stdout } = await exec('getfattr', args, { allowFailure: true });
    return code === 0 && stdout === 'y';
  } catch (error) {
    if (!isErrorCode(error, 'unsupported')) throw error;
  }
  const number = GETXATTR[process.arch];
  if (number === undefined) {
    throw new PouchError(
      'unsupported',
      'Layers of this image differ about a directory: install getfattr to tell which counts.',
    );
  }
  const { stdout } = await exec('perl', ['-e', PERL, String(number), directory, ATTRIBUTE]);
  return stdout === 'y';
}
