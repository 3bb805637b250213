import { readFile, writeFile } from 'node:fs/promises';
import { errnoCode, exec, PouchError } from '@pouch/base';

/**
 * The file of a kernel parameter. Dots part the components; in a component written with slashes (`net/ipv4/conf/eth0.1`)
 * they stand for themselves, as sysctl(8) has it. Throws `invalid-argument` for a name that leaves /proc/sys.
 */
export function sysctlPath(name: string): string {
  const parts = name.includes('/') ? name.split('/') : name.split('.');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new PouchError('invalid-argument', `'${name}' is not the name of a kernel parameter.`);
  }
  return `/proc/sys/${parts.join('/')}`;
}

/** The value without its newline, or undefined when this kernel has no such parameter. */
export async function readSysctl(name: string): Promise<string | undefined> {
  try {
    return (await readFile(sysctlPath(name), 'utf8')).trimEnd();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Set a kernel parameter unless it has the value already. Returns the former value when it was changed. Throws
 * `unsupported` when the kernel has no such parameter, `permission-denied` when it may not be written.
 */
export async function writeSysctl(name: string, value: string): Promise<string | undefined> {
  const former = await readSysctl(name);
  if (former === undefined) throw new PouchError('unsupported', `This kernel has no parameter ${name}.`);
  if (former === value) return undefined;
  try {
    await writeFile(sysctlPath(name), value);
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      throw new PouchError('permission-denied', `Cannot set ${name} to ${value}: /proc/sys is not writable (${code}).`);
    }
    throw error;
  }
  return former;
}

/** Set parameters of the network namespace bound at `netnsPath` (`net.*` names only). */
export async function writeNetnsSysctls(netnsPath: string, values: Readonly<Record<string, string>>): Promise<void> {
  const names = Object.keys(values);
  if (names.length === 0) return;
  const bad = names.find((name) => !/^net[./]/.test(name));
  if (bad !== undefined) {
    throw new PouchError('invalid-argument', `The kernel parameter ${bad} does not belong to a network namespace.`);
  }
  const script = 'while [ $# -gt 1 ]; do printf %s "$2" > "$1" || exit 1; shift 2; done';
  const args = names.flatMap((name) => [sysctlPath(name), values[name] as string]);
  await exec('nsenter', [`--net=${netnsPath}`, 'sh', '-c', script, 'sysctl', ...args]);
}
