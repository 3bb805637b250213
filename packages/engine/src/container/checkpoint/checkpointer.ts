import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, CheckpointCreateRequest } from '@pouch/api';
import { errnoCode, NAME_PATTERN, PouchError } from '@pouch/base';
import { packRuncCheckpointOptions } from '@pouch/containerd';
import type { Container } from '../container.ts';
import { publishContainerEvent } from '../lifecycle/container-events.ts';
import type { LifecycleContext } from '../lifecycle/context.ts';
import { criuProblem } from './criu-probe.ts';

/** Processes frozen into files, and containers started from them. */
export class Checkpointer {
  readonly #context: LifecycleContext;

  constructor(context: LifecycleContext) {
    this.#context = context;
  }

  /** Throws `unsupported` where host or runtime cannot, `conflict` where it does not run or the name is taken. */
  async create(container: Container, request: CheckpointCreateRequest): Promise<void> {
    const { mutex, containerd, events } = this.#context;
    const directory = directoryOf(container, request.CheckpointID, request.CheckpointDir);
    await this.#requireCriu(container);
    await mutex.run(container.id, async () => {
      if (container.status !== 'running') throw new PouchError('conflict', `container ${container.id} is not running`);
      if (await exists(directory))
        throw new PouchError('conflict', `checkpoint ${request.CheckpointID} exists already`);
      // Under another name until it is whole: a crash leaves nothing that looks like a checkpoint.
      const part = `${directory}.part`;
      await rm(part, { recursive: true, force: true });
      await mkdir(join(part, 'work'), { recursive: true, mode: 0o700 });
      try {
        const { Exit: exit = false } = request;
        const options = { exit, imagePath: part, workPath: join(part, 'work'), fileLocks: true };
        await containerd.tasks.checkpoint(container.id, packRuncCheckpointOptions(options));
        await rename(part, directory);
      } catch (error) {
        await rm(part, { recursive: true, force: true });
        throw error;
      }
    });
    publishContainerEvent(events, container, 'checkpoint', { checkpoint: request.CheckpointID });
  }

  async list(container: Container, parent?: string): Promise<Checkpoint[]> {
    const names = await readdir(parentOf(container, parent), { withFileTypes: true }).catch((error: unknown) => {
      if (errnoCode(error) === 'ENOENT') return [];
      throw error;
    });
    return names
      .filter((entry) => entry.isDirectory() && !entry.name.endsWith('.part'))
      .map(({ name }) => ({ Name: name }))
      .toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  async remove(container: Container, name: string, parent?: string): Promise<void> {
    const directory = directoryOf(container, name, parent);
    if (!(await exists(directory)))
      throw new PouchError('not-found', `checkpoint ${name} does not exist for container ${container.record.name}`);
    await rm(directory, { recursive: true });
  }

  /** The directory to start a container from. */
  async find(container: Container, name: string, parent?: string): Promise<string> {
    const directory = directoryOf(container, name, parent);
    await this.#requireCriu(container);
    if (!(await exists(directory)))
      throw new PouchError('not-found', `checkpoint ${name} does not exist for container ${container.record.name}`);
    return directory;
  }

  async #requireCriu(container: Container): Promise<void> {
    const { binary } = this.#context.tasks.runtime(container.record.runtime);
    const problem = await criuProblem(binary);
    if (problem !== undefined) throw new PouchError('unsupported', `checkpoints are not possible here: ${problem}`);
  }
}

function parentOf(container: Container, parent: string | undefined): string {
  if (!parent) return join(container.directory, 'checkpoints');
  if (!parent.startsWith('/') || parent.includes('\0'))
    throw new PouchError('invalid-argument', `the checkpoint directory '${parent}' must be absolute`);
  return parent;
}

function directoryOf(container: Container, name: string, parent: string | undefined): string {
  if (!NAME_PATTERN.test(name) || name.length > 200 || name.endsWith('.part')) {
    throw new PouchError(
      'invalid-argument',
      `Invalid checkpoint ID (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    );
  }
  return join(parentOf(container, parent), name);
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
