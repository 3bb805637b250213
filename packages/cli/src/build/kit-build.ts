import { writeFileSync } from 'node:fs';
import { csvPairs, errorMessage } from '@pouch/base';
import {
  build,
  type BuildContext,
  type BuildOutput,
  BuildProgress,
  type BuildRequest,
  type Dockerfile,
  parseCacheEntry,
  parseOutput,
  parseSecret,
  parseSsh,
} from '@pouch/builder';
import type { Context } from '../app/context.ts';
import { ExitError, UsageError } from '../app/errors.ts';
import { credentialsOf } from '../auth/credentials.ts';
import { onInterrupt } from '../stream/signals.ts';
import { buildArgs, pairs } from './build-args.ts';
import type { BuildFlags } from './build-flags.ts';
import { openBuildView } from './build-view.ts';
import { isRemoteContext } from './remote-context.ts';
import { readAll, readStdinContext } from './stdin-context.ts';

/** Build with the daemon's BuildKit, which takes from the context what it needs. */
export async function buildWithBuildKit(context: Context, flags: BuildFlags, place: string): Promise<void> {
  const request = await requestOf(context, flags, place);
  const abort = new AbortController();
  using _ = onInterrupt(() => abort.abort());
  const result = await run(context, request, flags, abort.signal);
  const id = result.id ?? '';
  if (flags.iidfile) writeFileSync(flags.iidfile, id);
  if (flags['metadata-file']) writeFileSync(flags['metadata-file'], metadata(result.response));
  if (flags.quiet && id !== '') context.print(id);
}

async function run(
  context: Context,
  request: BuildRequest,
  flags: BuildFlags,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof build>>> {
  using view = openBuildView(context.stderr, flags.quiet ? 'quiet' : flags.progress);
  const progress = new BuildProgress(view);
  const credentials = async (server: string): ReturnType<typeof credentialsOf> => await credentialsOf(context, server);
  try {
    return await build(request, { client: context.client, credentials }, (status) => progress.update(status), signal);
  } catch (error) {
    view.failed();
    if (signal.aborted) throw new ExitError(130, 'the build was cancelled');
    throw new ExitError(1, errorMessage(error));
  }
}

async function requestOf(context: Context, flags: BuildFlags, place: string): Promise<BuildRequest> {
  const secrets = new Map(flags.secret.map((text) => parseSecret(text, process.env)));
  const agents = new Map(flags.ssh.map((text) => parseSsh(text, process.env)));
  const args = Object.entries(buildArgs(context, flags['build-arg']));
  return {
    ...(await filesOf(place, flags.file)),
    tags: flags.tag,
    buildArgs: Object.fromEntries(args.filter((arg): arg is [string, string] => arg[1] !== null)),
    labels: pairs(flags.label),
    target: flags.target || undefined,
    noCache: flags['no-cache'],
    noCacheFilter: flags['no-cache-filter'],
    pull: flags.pull,
    platforms: flags.platform.flatMap((text) => text.split(',')),
    networkMode: flags.network || undefined,
    extraHosts: flags['add-host'],
    shmSize: flags['shm-size'],
    ulimits: flags.ulimit,
    cgroupParent: flags['cgroup-parent'] || undefined,
    cacheFrom: flags['cache-from'].map((text) => parseCacheEntry(text, 'cache-from')),
    cacheTo: flags['cache-to'].map((text) => parseCacheEntry(text, 'cache-to')),
    outputs: outputsOf(context, flags),
    secrets,
    agents,
    namedContexts: pairs(flags['build-context']),
    attestations: attestationsOf(flags),
    entitlements: flags.allow,
  };
}

async function filesOf(place: string, file: string): Promise<{ context: BuildContext; dockerfile: Dockerfile }> {
  if (place === '-' && file === '-') {
    throw new ExitError(1, 'invalid argument: cannot use stdin for both build context and Dockerfile');
  }
  const dockerfile: Dockerfile =
    file === '-'
      ? { kind: 'text', text: (await readAll(process.stdin)).toString() }
      : file === ''
        ? { kind: 'default' }
        : { kind: 'path', path: file };
  if (place !== '-') {
    const isRemote = isRemoteContext(place);
    return { context: isRemote ? { kind: 'remote', url: place } : { kind: 'directory', path: place }, dockerfile };
  }
  const input = await readStdinContext(process.stdin);
  if (input.kind === 'archive') return { context: { kind: 'archive', body: input.body }, dockerfile };
  return { context: { kind: 'empty' }, dockerfile: { kind: 'text', text: input.content.toString() } };
}

function outputsOf(context: Context, flags: BuildFlags): BuildOutput[] {
  const stdout = () => {
    if (context.stdout.isTerminal)
      throw new UsageError('an archive on a terminal helps nobody: name a file with dest=');
    return async (bytes: Uint8Array) => await context.stdout.stream(bytes);
  };
  const outputs = flags.output.map((text) => parseOutput(text, stdout));
  if (flags.load && !outputs.some(isImage)) outputs.push({ type: 'moby', attributes: {} });
  if (!flags.push) return outputs;
  if (flags.tag.length === 0) throw new UsageError('--push needs a name: give it with --tag');
  if (!outputs.some(isImage)) outputs.push({ type: 'moby', attributes: {} });
  return outputs.map((output) =>
    isImage(output) ? { ...output, attributes: { push: 'true', ...output.attributes } } : output,
  );
}

function isImage({ type }: BuildOutput): boolean {
  return type === 'moby';
}

function attestationsOf(flags: BuildFlags): Record<string, string> {
  const found: Record<string, string> = {};
  for (const text of flags.attest) {
    const type = csvPairs(text).find(([key]) => key === 'type')?.[1];
    if (!type) throw new UsageError(`--attest ${text}: it needs a type: type=sbom or type=provenance`);
    found[type] = text
      .split(',')
      .filter((field) => !field.startsWith('type='))
      .join(',');
  }
  for (const type of ['provenance', 'sbom'] as const) {
    const value = flags[type];
    if (value === '' || value === 'false') continue;
    found[type] = value === 'true' ? '' : value;
  }
  return found;
}

/** Descriptors in it are encoded once more: written as what they are. */
function metadata(response: Readonly<Record<string, string>>): string {
  const plain = Object.entries(response).map(([key, value]) => {
    const text = key.endsWith('descriptor') ? Buffer.from(value, 'base64').toString() : undefined;
    return [key, text === undefined ? value : (JSON.parse(text) as unknown)];
  });
  return `${JSON.stringify(Object.fromEntries(plain), null, 2)}\n`;
}
