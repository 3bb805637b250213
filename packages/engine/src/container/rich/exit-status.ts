import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { constants as os } from 'node:os';
import { join } from 'node:path';
import { errnoCode } from '@pouch/base';
import type { Container } from '../container.ts';
import { runsServices } from './rich-mode.ts';

/** Where a container's command writes how it ended, below the container's directory. */
export const STATUS_FILE = 'rich/status';
/** More than any honest status; the container may write what it likes. */
const MAX_BYTES = 64;

/** The exit code that a rich container's command left, or undefined when it left none. */
export async function readExitStatus(directory: string): Promise<number | undefined> {
  const file = await open(
    join(directory, STATUS_FILE),
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  ).catch((error: unknown) => {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ELOOP') return undefined;
    throw error;
  });
  if (!file) return undefined;
  try {
    const buffer = Buffer.alloc(MAX_BYTES);
    const { bytesRead } = await file.read(buffer, 0, MAX_BYTES, 0);
    return parseExitStatus(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await file.close();
  }
}

/** `exited 3`, `killed TERM`, `dumped SEGV`: the words of systemd.exec(5), "EXIT_CODE". */
export function parseExitStatus(text: string): number | undefined {
  const match = /^(exited|killed|dumped) (\w+)\n?$/.exec(text);
  const [, how, what = ''] = match ?? [];
  if (how === undefined) return undefined;
  if (/^\d{1,3}$/.test(what)) return how === 'exited' ? Number(what) & 255 : 128 + Number(what);
  const signal = (os.signals as Readonly<Record<string, number>>)[`SIG${what}`];
  return how === 'exited' || signal === undefined ? undefined : 128 + signal;
}

/**
 * The exit code of a container: its command's, which an init does not hand on in full. A machine that outlives its command
 * has its init's own; so has one whose command left no word.
 */
export async function exitCodeOf({ record, directory }: Container, ofInit: number): Promise<number> {
  if (!runsServices(record)) return ofInit;
  const ofCommand = record.config.RichKeep ? undefined : await readExitStatus(directory);
  if (ofCommand !== undefined) return ofCommand;
  return record.init !== 'systemd' && (ofInit === HALTED || ofInit === REBOOTED) ? 0 : ofInit;
}

/** reboot(2) in a PID namespace ends its init by SIGINT, or by SIGHUP when it was to come up again. */
const HALTED = 130;
const REBOOTED = 129;
