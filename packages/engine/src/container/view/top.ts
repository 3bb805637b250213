import type { ContainerTop } from '@pouch/api';
import { exec, PouchError } from '@pouch/base';

/**
 * The container's processes as the host's ps shows them. `psArgs` are ps's own options (default `-ef`); the PID column
 * must be among what they show.
 */
export async function topOf(pids: readonly number[], psArgs: string): Promise<ContainerTop> {
  const args = (psArgs.trim() || '-ef').split(/\s+/);
  const filter = args.some((arg) => /^-?[-a-zA-Z]*q|^--(quick-)?pid/.test(arg)) ? [] : ['-q', pids.join(',')];
  // ps refuses some options together with -q; then everything is listed and picked from.
  let result = await exec('ps', [...args.filter((arg) => !/^-[efA]+$/.test(arg) || arg.includes('f')), ...filter], {
    allowFailure: true,
  });
  if (result.code !== 0 || !result.stdout.includes('\n')) result = await exec('ps', args, { allowFailure: true });
  if (result.code !== 0)
    throw new PouchError('invalid-argument', `ps: ${result.stderr.trim().split('\n')[0] || 'it failed'}`);
  return parsePs(result.stdout, new Set(pids));
}

export function parsePs(text: string, pids: ReadonlySet<number>): ContainerTop {
  const [header = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const titles = header.trim().split(/\s+/);
  const column = titles.indexOf('PID');
  if (column < 0) throw new PouchError('invalid-argument', "Couldn't find PID field in ps output");
  const processes: string[][] = [];
  for (const line of lines) {
    const words = line.trim().split(/\s+/);
    if (!pids.has(Number(words[column]))) continue;
    // The command is last and may hold spaces.
    processes.push([...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')]);
  }
  return { Titles: titles, Processes: processes };
}
