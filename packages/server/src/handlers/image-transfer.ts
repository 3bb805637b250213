import { type OperationQuery } from '@pouch/api';
import { PouchError } from '@pouch/base';
import { registryAuth } from '../http/registry-auth.ts';
import { streamBody } from '../http/request-body.ts';
import type { ServerDependencies } from '../server-dependencies.ts';
import type { Handlers, Input } from './handler.ts';
import { defined, platformText } from './parameters.ts';
import { endProgress, progressTo } from './progress.ts';

/** Images to and from registries, and credentials for those. */
export const imageTransferHandlers: Handlers<'ImageCreate' | 'ImagePush' | 'DistributionInspect' | 'SystemAuth'> = {
  async ImageCreate(input, services) {
    const { call, query } = input;
    if (query.fromImage !== undefined) await pull(input, query.fromImage, services);
    else if (query.fromSrc !== undefined) await importArchive(input, query.fromSrc, services);
    else throw new PouchError('invalid-argument', 'nothing to create an image from: give fromImage or fromSrc');
    endProgress(call);
  },

  async ImagePush({ call, path, query }, { images }) {
    const auth = registryAuth(call.header('x-registry-auth'));
    await images.push(query.tag === undefined ? path.name : `${path.name}:${query.tag}`, {
      allTags: query.tag === undefined,
      onProgress: progressTo(call),
      signal: call.signal,
      ...defined({ auth, platform: platformText(query.platform) }),
    });
    endProgress(call);
  },

  async DistributionInspect({ call, path }, { images }) {
    const auth = registryAuth(call.header('x-registry-auth'));
    call.sendJson(200, await images.distribution(path.name, auth));
  },

  async SystemAuth({ call, body }, { images }) {
    const { Status, IdentityToken = '' } = await images.login(body);
    call.sendJson(200, { Status, IdentityToken });
  },
};

async function pull(
  { call, query }: Input<'ImageCreate'>,
  name: string,
  { images }: Pick<ServerDependencies, 'images'>,
): Promise<void> {
  const auth = registryAuth(call.header('x-registry-auth'));
  await images.pull(referenceOf(name, query.tag), {
    allTags: query.tag === undefined && !namesVersion(name),
    onProgress: progressTo(call),
    signal: call.signal,
    ...defined({ auth, platform: query.platform }),
  });
}

async function importArchive(
  { call, query }: Input<'ImageCreate'>,
  source: string,
  { images }: Pick<ServerDependencies, 'images'>,
): Promise<void> {
  await images.import(source === '-' ? streamBody(call.request) : download(source, call.signal), {
    changes: (query.changes ?? []).flatMap((change) => change.split('\n')).filter((line) => line.trim() !== ''),
    onProgress: progressTo(call),
    signal: call.signal,
    ...defined({ ...importName(query), message: query.message, platform: query.platform }),
  });
}

/** `repo` may carry the tag. */
function importName(query: OperationQuery<'ImageCreate'>): { repository?: string; tag?: string } {
  const { repo, tag } = query;
  if (repo === undefined) return {};
  const colon = repo.lastIndexOf(':');
  if (tag !== undefined || colon < 0 || repo.indexOf('/', colon) >= 0) return { repository: repo, ...defined({ tag }) };
  return { repository: repo.slice(0, colon), tag: repo.slice(colon + 1) };
}

async function* download(source: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const url = URL.parse(source.includes('://') ? source : `http://${source}`);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new PouchError(
      'invalid-argument',
      `cannot import from ${JSON.stringify(source.slice(0, 200))}: give an http(s) URL or -`,
    );
  }
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new PouchError('upstream', `downloading ${url.href} failed: ${fetchProblem(error)}`, { cause: error });
  });
  if (!response.ok || !response.body) {
    throw new PouchError('upstream', `downloading ${url.href} failed: the server answered ${response.status}`);
  }
  try {
    for await (const chunk of response.body) yield chunk;
  } catch (error) {
    signal.throwIfAborted();
    throw new PouchError('upstream', `downloading ${url.href} broke off: ${fetchProblem(error)}`, { cause: error });
  }
}

function fetchProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function referenceOf(name: string, tag: string | undefined): string {
  if (tag === undefined) return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}

/** True for a reference that carries a tag or a digest itself. */
function namesVersion(name: string): boolean {
  return name.includes('@') || name.lastIndexOf(':') > name.lastIndexOf('/');
}
