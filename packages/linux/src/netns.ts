import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecResult, errnoCode, exec, helpers } from '@pouch/base';

const NAME = /^[\w-]{1,64}$/;

/** Network namespaces kept alive by a bind mount in a directory of our own: `<directory>/<name>`. */
export class NetnsDirectory {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  path(name: string): string {
    if (!NAME.test(name)) throw new Error(`Not a name for a network namespace: ${JSON.stringify(name)}`);
    return join(this.directory, name);
  }

  /**
   * Make a namespace and run `ip -batch` with `commands` inside it, all in one process (unshare(1) binds the namespace
   * to its file). When a command fails, the namespace is removed again and the error says which.
   */
  async create(name: string, commands: readonly string[]): Promise<string> {
    const path = this.path(name);
    await mkdir(this.directory, { recursive: true, mode: 0o711 });
    await (await open(path, 'wx', 0o444)).close();
    try {
      await helpers.run('unshare', [`--net=${path}`, 'ip', '-batch', '-'], { input: `${commands.join('\n')}\n` });
    } catch (error) {
      await this.remove([name]).catch(() => {});
      throw error;
    }
    return path;
  }

  /** Let namespaces go. Those that are gone already are no error. The kernel destroys one when no process is left in it. */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const paths = names.map((name) => this.path(name));
    // What is not mounted is no error; what stays mounted shows when its file is to go.
    await helpers.run('umount', ['-n', '--no-canonicalize', '--lazy', '--', ...paths], { allowFailure: true });
    for (const path of paths) await removeFile(path);
  }

  /** Names of all files here, whether a namespace is bound to them or not. */
  async list(): Promise<string[]> {
    try {
      return (await readdir(this.directory)).filter((name) => NAME.test(name));
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  /** Whether a namespace is bound to this name. */
  async exists(name: string): Promise<boolean> {
    return await isNamespace(this.path(name));
  }
}

/** The inode number of a namespace file: the same for the same namespace. Undefined when there is no such file. */
export async function namespaceInode(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Run a program inside a network namespace; the mount namespace, and so /sys, stays the host's. */
export async function execInNetns(
  path: string,
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly allowFailure?: boolean; readonly timeout?: number } = {},
): Promise<ExecResult> {
  return await exec('nsenter', [`--net=${path}`, command, ...args], options);
}

/** Run `ip -batch` with `commands` inside a namespace; stops at the first that fails and throws what it said. */
export async function ipInNetns(path: string, commands: readonly string[]): Promise<void> {
  if (commands.length === 0) return;
  await execInNetns(path, 'ip', ['-batch', '-'], { input: `${commands.join('\n')}\n` });
}

async function isNamespace(path: string): Promise<boolean> {
  try {
    const [file, root] = await Promise.all([stat(path, { bigint: true }), stat('/proc/self/ns/net', { bigint: true })]);
    return file.dev === root.dev;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function removeFile(path: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await rm(path, { force: true });
      return;
    } catch (error) {
      if (errnoCode(error) !== 'EBUSY' || attempt >= 3) throw error;
      await helpers.run('umount', ['-n', '--no-canonicalize', '--lazy', '--', path], { allowFailure: true });
    }
  }
}
