import { PathPatterns, PouchError } from '@pouch/base';
import type { BuildEnvironment } from '../build-environment.ts';
import type { BuildRequest } from '../build-service.ts';
import { BuildContext } from './build-context.ts';
import { openRemote } from './remote-context.ts';

/** A build's context with the text of its Dockerfile. */
export interface OpenedContext extends AsyncDisposable {
  readonly context: BuildContext;
  readonly dockerfile: string;
}

/**
 * Receive the context, read the Dockerfile, and take both it and `.dockerignore` out of the context where that file says so.
 * Throws invalid-argument, too-large, upstream.
 */
export async function openContext(request: BuildRequest, environment: BuildEnvironment): Promise<OpenedContext> {
  const { workers, directory } = environment;
  const { signal } = request;
  const remote = request.remote ? await openRemote(request.remote, directory, signal) : undefined;
  const tar = remote?.tar ?? request.context;
  if (!tar)
    throw new PouchError('invalid-argument', 'the build has no context: send a tar archive, or give a remote URL');
  const context = await BuildContext.receive(tar, { parent: directory, workers, signal });
  try {
    const path = (remote?.dockerfile ?? request.dockerfile) || 'Dockerfile';
    const text = await readDockerfile(context, path, signal, request.dockerfile === '');
    await applyIgnore(context, path, signal);
    return { context, dockerfile: text, [Symbol.asyncDispose]: async () => await context[Symbol.asyncDispose]() };
  } catch (error) {
    await context[Symbol.asyncDispose]();
    throw error;
  }
}

async function readDockerfile(
  context: BuildContext,
  path: string,
  signal: AbortSignal,
  isDefault: boolean,
): Promise<string> {
  const text =
    (await context.readText(path, signal)) ??
    // Docker's fallback for the default name.
    (isDefault ? await context.readText('dockerfile', signal) : undefined);
  if (text === undefined) {
    throw new PouchError('invalid-argument', `Cannot locate specified Dockerfile: ${path}`);
  }
  if (text.trim() === '') throw new PouchError('invalid-argument', `The Dockerfile (${path}) cannot be empty`);
  return text;
}

/** The client has left out everything else that the file names: those two it must send. */
async function applyIgnore(context: BuildContext, dockerfile: string, signal: AbortSignal): Promise<void> {
  const text = await context.readText('.dockerignore', signal);
  if (text === undefined) return;
  const patterns = PathPatterns.parse(text);
  for (const path of ['.dockerignore', dockerfile]) if (patterns.excludes(path)) await context.remove(path);
}
