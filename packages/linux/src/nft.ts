import { exec, PouchError } from '@pouch/base';

/**
 * Apply a script as one transaction: all of it or nothing (`nft -f -`). Throws `internal` with what nft said, without
 * the script's text. With `allowFailure` returns whether it was applied.
 */
export async function nftApply(
  script: string,
  options: { readonly netns?: string; readonly allowFailure?: boolean } = {},
): Promise<boolean> {
  const args = ['-f', '-'];
  const [command, all] =
    options.netns === undefined ? ['nft', args] : ['nsenter', [`--net=${options.netns}`, 'nft', ...args]];
  const result = await exec(command, all, { input: script, allowFailure: true });
  if (result.code === 0) return true;
  if (options.allowFailure) return false;
  const said = result.stderr
    .split('\n')
    .filter((line) => line.includes('Error:'))
    .join('; ');
  throw new PouchError('internal', `nft refused a change of the packet filter: ${said || result.stderr.trim()}`);
}

/** `nft --json list …`: the objects under `nftables`, or undefined when what was asked for does not exist. */
export async function nftList(args: readonly string[], netns?: string): Promise<Record<string, unknown>[] | undefined> {
  const all = ['--json', '--stateless', 'list', ...args];
  const result =
    netns === undefined
      ? await exec('nft', all, { allowFailure: true })
      : await exec('nsenter', [`--net=${netns}`, 'nft', ...all], { allowFailure: true });
  if (result.code !== 0) {
    if (/No such file or directory/.test(result.stderr)) return undefined;
    throw new PouchError('internal', `nft list ${args.join(' ')} failed: ${result.stderr.trim()}`);
  }
  const parsed = JSON.parse(result.stdout) as { nftables?: Record<string, unknown>[] };
  return parsed.nftables ?? [];
}
