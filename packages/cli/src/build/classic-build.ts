import { writeFileSync } from 'node:fs';
import type { Context } from '../app/context.ts';
import { UsageError } from '../app/errors.ts';
import { allCredentials } from '../auth/credentials.ts';
import { humanSize } from '../output/human.ts';
import { buildArgs, pairs } from './build-args.ts';
import type { BuildFlags } from './build-flags.ts';
import { followBuild, type ProgressStyle } from './follow-build.ts';
import { openContext } from './open-context.ts';

/** Build with the daemon's classic builder, to which the whole context is sent. */
export async function buildClassic(context: Context, flags: BuildFlags, place: string): Promise<void> {
  if (flags.platform.length > 1) throw new UsageError('the classic builder builds for one --platform at a time');
  let sent = 0;
  const opened = await openContext(place, flags.file, process.stdin, (length) => {
    sent += length;
  });
  const output = flags.quiet || flags.progress === 'quiet' ? undefined : context.stdout;
  const stream = await context.client.builds.build(opened.body, {
    ...(opened.remote !== undefined && { remote: opened.remote }),
    ...(opened.dockerfile !== '' && { dockerfile: opened.dockerfile }),
    tags: flags.tag,
    buildArgs: buildArgs(context, flags['build-arg']),
    labels: pairs(flags.label),
    ...(flags['cache-from'].length > 0 && { cacheFrom: flags['cache-from'] }),
    extraHosts: flags['add-host'],
    ulimits: flags.ulimit,
    ...(flags.target && { target: flags.target }),
    ...(flags.platform[0] && { platform: flags.platform[0] }),
    ...(flags.network && { networkMode: flags.network }),
    quiet: output === undefined,
    noCache: flags['no-cache'],
    pull: flags.pull,
    rm: flags.rm,
    forceRm: flags['force-rm'],
    ...limits(flags),
    auths: await allCredentials(context),
  });
  if (output && opened.body) output.write(`Sent a build context of ${humanSize(sent)}\n`);
  const id = await followBuild(stream, output, flags.progress as ProgressStyle);
  if (flags.iidfile) writeFileSync(flags.iidfile, id);
  if (flags.quiet) context.print(id);
}

function limits(flags: BuildFlags): Record<string, number | string> {
  const all = {
    memory: flags.memory,
    memorySwap: flags['memory-swap'],
    cpuShares: flags['cpu-shares'],
    cpuPeriod: flags['cpu-period'],
    cpuQuota: flags['cpu-quota'],
    cpusetCpus: flags['cpuset-cpus'],
    cpusetMems: flags['cpuset-mems'],
    cgroupParent: flags['cgroup-parent'],
    shmSize: flags['shm-size'],
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== 0 && value !== ''));
}
