import { writeFileSync } from 'node:fs';
import { command } from '../app/command.ts';
import type { Context } from '../app/context.ts';
import { UsageError } from '../app/errors.ts';
import { readConfigFile } from '../auth/config-file.ts';
import { allCredentials } from '../auth/credentials.ts';
import { followBuild, type ProgressStyle } from '../build/follow-build.ts';
import { openContext } from '../build/open-context.ts';
import { bool, bytes, int, list, parsedList, str } from '../flags/types.ts';
import { humanSize } from '../output/human.ts';
import { parseUlimit } from '../run/limits.ts';

const LIMITS = { group: 'Limits of RUN' } as const;
const STYLES: readonly string[] = ['auto', 'plain', 'tty'];

export default command({
  usage: '[OPTIONS] PATH | URL | -',
  args: { min: 1, max: 1 },
  description:
    'PATH is a directory with a Dockerfile; what its .dockerignore names is not sent. URL is an archive, a Dockerfile or a git repository that the daemon fetches. - reads an archive or a Dockerfile from standard input.',
  examples: [
    { command: 'pouch build -t app .', does: 'from the Dockerfile here' },
    {
      command: 'pouch build -t app:test --target test --build-arg VERSION=3 .',
      does: 'one stage of it, with an argument',
    },
    { command: 'pouch build -t tool - < Dockerfile', does: 'without any files' },
  ],
  complete: 'file',
  flags: {
    'add-host': list('Name that RUN knows: NAME:IP'),
    'build-arg': list('Value of an ARG: NAME=VALUE, or NAME to take it from the environment'),
    'cache-from': list('Image whose steps may be taken over'),
    'cgroup-parent': str('Control group above those of RUN', LIMITS),
    compress: bool('Accepted for compatibility: a local socket gains nothing', { hidden: true }),
    'cpu-period': int('Period of the CPU quota, in microseconds', LIMITS),
    'cpu-quota': int('CPU time per period, in microseconds', LIMITS),
    'cpu-shares': int('CPU weight against others', { ...LIMITS, short: 'c' }),
    'cpuset-cpus': str('CPUs to run on: 0-3 or 0,1', LIMITS),
    'cpuset-mems': str('Memory nodes to use: 0-3 or 0,1', LIMITS),
    file: str('The Dockerfile; - reads it from standard input', { short: 'f', complete: 'file' }),
    'force-rm': bool('Remove the containers of steps that failed, too'),
    iidfile: str("Write the image's id to this file", { complete: 'file' }),
    label: list('Label of the image: NAME=VALUE'),
    memory: bytes('Memory, such as 512m', { ...LIMITS, short: 'm' }),
    'memory-swap': bytes('Memory and swap together; -1 is unlimited swap', { ...LIMITS, allowMinusOne: true }),
    network: str('Network of RUN: default, none, host, or a name'),
    'no-cache': bool('Do every step anew'),
    platform: str('Platform of the image: os[/arch[/variant]]'),
    progress: str('How progress is shown: auto, plain or tty', { default: 'auto' }),
    pull: bool('Ask the registry for newer base images'),
    quiet: bool("Print nothing but the image's id", { short: 'q' }),
    rm: bool('Remove the containers of steps that went well', { default: true }),
    'shm-size': bytes('Size of /dev/shm', LIMITS),
    tag: list('Name of the image: NAME[:TAG]; may be repeated', { short: 't' }),
    target: str('Build up to this stage'),
    ulimit: parsedList('ulimit', 'Limit of a process: NAME=SOFT[:HARD]', parseUlimit, LIMITS),
  },
  async run(context, flags, [place = '']) {
    if (!STYLES.includes(flags.progress)) throw new UsageError(`--progress is one of ${STYLES.join(', ')}`);
    let sent = 0;
    const opened = await openContext(place, flags.file, process.stdin, (length) => {
      sent += length;
    });
    const output = flags.quiet ? undefined : context.stdout;
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
      ...(flags.platform && { platform: flags.platform }),
      ...(flags.network && { networkMode: flags.network }),
      quiet: flags.quiet,
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
  },
});

interface LimitFlags {
  readonly memory: number;
  readonly 'memory-swap': number;
  readonly 'cpu-shares': number;
  readonly 'cpu-period': number;
  readonly 'cpu-quota': number;
  readonly 'cpuset-cpus': string;
  readonly 'cpuset-mems': string;
  readonly 'cgroup-parent': string;
  readonly 'shm-size': number;
}

function limits(flags: LimitFlags): Record<string, number | string> {
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

function pairs(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** A name alone takes its value from our environment; proxies come from the user's configuration. */
function buildArgs(context: Context, list: readonly string[]): Record<string, string | null> {
  const args: Record<string, string | null> = {};
  for (const text of list) {
    const at = text.indexOf('=');
    if (at < 0) args[text] = process.env[text] ?? null;
    else args[text.slice(0, at)] = text.slice(at + 1);
  }
  const proxies = (readConfigFile(context)['proxies'] ?? {}) as Record<string, Record<string, string> | undefined>;
  for (const [setting, value] of Object.entries(proxies['default'] ?? {})) {
    const name = setting.replace(/Proxy$/, '_PROXY').toUpperCase();
    for (const each of [name, name.toLowerCase()]) if (!(each in args) && value) args[each] = value;
  }
  return args;
}
