import { access } from 'node:fs/promises';
import { exec, isErrorCode } from '@pouch/base';

/** Whether this host can run lxcfs, and if not, what is missing. */
export interface LxcfsProbe {
  readonly version: string | undefined;
  readonly missing: string | undefined;
}

/** Asks the program for its version; starts nothing. */
export async function probeLxcfs(binary: string): Promise<LxcfsProbe> {
  const lacking = (missing: string): LxcfsProbe => ({ version: undefined, missing });
  try {
    await access('/dev/fuse');
  } catch {
    return lacking('there is no /dev/fuse: the kernel lacks FUSE, or its module is not loaded (modprobe fuse)');
  }
  try {
    const { code, stdout, stderr } = await exec(binary, ['--version'], { allowFailure: true, timeout: 5000 });
    const version = /\d+\.\d+(?:\.\d+)*/.exec(stdout + stderr)?.[0];
    if (version === undefined) return lacking(`${binary} --version ended with ${code} and named no version`);
    return { version, missing: undefined };
  } catch (error) {
    if (!isErrorCode(error, 'unsupported')) throw error;
    return lacking(`${binary} is not installed (Debian's package lxcfs)`);
  }
}
