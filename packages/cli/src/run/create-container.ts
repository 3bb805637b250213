import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@pouch/api';
import { errnoCode, isErrorCode } from '@pouch/base';
import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { pullImage } from '../image/pull.ts';
import { familiarName } from '../image/reference.ts';

export interface CreateOptions {
  readonly name: string;
  readonly platform: string;
  readonly pull: string;
  readonly quiet: boolean;
  readonly cidfile: string;
}

/** Create a container, fetching its image first when the policy says so. Warnings go to standard error. */
export async function createContainer(
  context: Context,
  config: ContainerCreateRequest,
  options: CreateOptions,
): Promise<string> {
  using cidfile = openCidFile(options.cidfile);
  const image = config.Image ?? '';
  const pull = async (): Promise<void> =>
    await pullImage(context, image, { platform: options.platform, quiet: options.quiet, output: context.stderr });
  const create = async (): Promise<ContainerCreateResponse> =>
    await context.client.containers.create(config, {
      ...(options.name && { name: options.name }),
      ...(options.platform && { platform: options.platform }),
    });
  if (options.pull === 'always') await pull();
  let created: ContainerCreateResponse;
  try {
    created = await create();
  } catch (error) {
    if (options.pull !== 'missing' || !isErrorCode(error, 'not-found') || !/no such image/i.test(error.message)) {
      throw error;
    }
    if (!options.quiet) context.warn(`Unable to find image '${familiarName(image)}' locally`);
    await pull();
    created = await create();
  }
  for (const warning of created.Warnings ?? []) context.warn(`WARNING: ${warning}`);
  cidfile?.write(created.Id);
  return created.Id;
}

interface CidFile extends Disposable {
  write(id: string): void;
}

/** The file is made before the container, so that a second one can never take the same; it goes again on failure. */
function openCidFile(path: string): CidFile | undefined {
  if (path === '') return undefined;
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o644);
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST')
      throw new ExitError(125, `failed to create the container ID file: ${String(error)}`);
    throw new ExitError(125, `container ID file found, make sure the other container isn't running or delete ${path}`);
  }
  let written = false;
  return {
    write: (id) => {
      writeSync(fd, id);
      written = true;
    },
    [Symbol.dispose]: () => {
      closeSync(fd);
      if (!written) unlinkSync(path);
    },
  };
}
