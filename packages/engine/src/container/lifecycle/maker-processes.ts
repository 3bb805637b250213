import { readdir, readFile } from 'node:fs/promises';
import { errnoCode } from '@pouch/base';

/** Which containerd's shims and runtimes are meant. */
export interface MakerScope {
  readonly namespace: string;
  /** containerd's socket. */
  readonly address: string;
  /** Where the runtimes keep their state. */
  readonly runtimeRoot: string;
}

/** Ids of the containers that shims of this containerd serve, by their command lines: also such as containerd has forgotten. */
export async function shimContainers(scope: MakerScope): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const { words } of await commands()) {
    const id = shimContainer(words, scope);
    if (id !== undefined) ids.add(id);
  }
  return ids;
}

/**
 * Kill the shim of a container, and its runtime at work: a shim whose containerd died while it was being made is known to
 * nobody. Both are found by their command lines.
 */
export async function killMakers(id: string, scope: MakerScope): Promise<void> {
  for (const { pid, words } of await commands()) {
    const isRuntime = words.includes(id) && words.includes(scope.runtimeRoot);
    if (!isRuntime && shimContainer(words, scope) !== id) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (errnoCode(error) !== 'ESRCH') throw error;
    }
  }
}

function shimContainer(words: readonly string[], { namespace, address }: MakerScope): string | undefined {
  const after = (flag: string): string | undefined => {
    const at = words.indexOf(flag);
    return at < 0 ? undefined : words[at + 1];
  };
  if (!words[0]?.includes('containerd-shim') || after('-namespace') !== namespace) return undefined;
  return after('-address') === address ? after('-id') : undefined;
}

/** Every process of the host with its command line. */
async function commands(): Promise<{ pid: number; words: string[] }[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  return await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid: Number(pid), words: line.split('\0') };
    }),
  );
}
