import { readTextIfExists } from '@pouch/base';

/** The initial user namespace maps every id to itself. */
export async function isInitialUserNamespace(): Promise<boolean> {
  const map = await readTextIfExists('/proc/self/uid_map');
  return map === undefined || /^\s*0\s+0\s+4294967295\s*$/.test(map);
}
