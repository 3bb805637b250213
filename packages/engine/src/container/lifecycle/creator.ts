import { mkdir } from 'node:fs/promises';
import type { ContainerCreateRequest, ContainerCreateResponse } from '@pouch/api';
import { asPouchError, isErrorCode, newId, nowNanos, PouchError } from '@pouch/base';
import type { ContainerImage, ImageService } from '../../image/image-service.ts';
import type { Container } from '../container.ts';
import { randomName } from '../container-name.ts';
import type { ContainerRecord, ContainerState } from '../container-record.ts';
import {
  type PrepareContext,
  type PreparedContainer,
  prepareContainer,
  validateContainerName,
} from '../create/index.ts';
import type { RichSetup } from '../rich/index.ts';
import { RootfsView } from '../spec/index.ts';
import { publishContainerEvent } from './container-events.ts';
import { prepareSnapshot } from './container-snapshot.ts';
import { tellPlugins } from './plugin-calls.ts';
import type { LifecycleContext } from './context.ts';
import type { Remover } from './remover.ts';

export type CreateEnvironment = Omit<PrepareContext, 'id' | 'volumes' | 'findContainer' | 'findNetwork'>;

const FIRST_STATE: Readonly<ContainerState> = {
  status: 'creating',
  pid: 0,
  exitCode: 0,
  oomKilled: false,
  error: '',
  startedAt: '',
  finishedAt: '',
  restartCount: 0,
  manuallyStopped: false,
};

/** Makes containers: checked, written down as `creating`, given their snapshot, then `created`. */
export class Creator {
  readonly #context: LifecycleContext;
  readonly #images: ImageService;
  readonly #environment: CreateEnvironment;
  readonly #remover: Remover;
  readonly #rich: RichSetup;

  constructor(
    context: LifecycleContext,
    dependencies: { images: ImageService; environment: CreateEnvironment; remover: Remover; rich: RichSetup },
  ) {
    this.#context = context;
    this.#images = dependencies.images;
    this.#environment = dependencies.environment;
    this.#remover = dependencies.remover;
    this.#rich = dependencies.rich;
  }

  async create(
    asked: ContainerCreateRequest,
    options: { name?: string; platform?: string; base?: ContainerImage },
  ): Promise<ContainerCreateResponse> {
    const { index, hooks } = this.#context;
    const { request } = hooks.has('pre-create')
      ? await hooks.run('pre-create', { name: options.name ?? '', request: asked })
      : { request: asked };
    if (!request.Image)
      throw new PouchError(
        'invalid-argument',
        'config cannot be empty in order to create a container: Config.Image must name an image',
      );
    if (options.name) validateContainerName(options.name);
    const name = options.name?.replace(/^\//, '') || undefined;
    if (name !== undefined) index.checkNameFree(name);
    const image = options.base ?? (await this.#images.resolve(request.Image, options.platform));
    const id = newId();
    const prepared = await prepareContainer(request, image, this.#prepareContext(id)).catch((error: unknown) => {
      // Clients take 404 for a missing image, and pull it.
      if (!isErrorCode(error, 'not-found')) throw error;
      throw new PouchError('invalid-argument', asPouchError(error).message, { cause: error });
    });
    const container = await this.#store(id, name, request.Image, image, prepared);
    await this.#context.mutex.run(id, async () => await this.#furnish(container));
    await prepared.keep();
    publishContainerEvent(this.#context.events, container, 'create');
    tellPlugins(this.#context, 'post-create', container);
    return { Id: id, Warnings: prepared.warnings };
  }

  async #store(
    id: string,
    asked: string | undefined,
    reference: string,
    image: ContainerImage,
    prepared: PreparedContainer,
  ): Promise<Container> {
    const { index } = this.#context;
    const record: ContainerRecord = {
      id,
      // Chosen and taken in one step: others are being made meanwhile.
      name: asked ?? randomName((taken) => index.find(taken) !== undefined),
      created: nowNanos().toString(),
      imageId: image.id,
      imageReference: reference,
      manifestDigest: image.manifestDigest,
      ...(image.manifestSize !== undefined && { manifestSize: image.manifestSize }),
      ...(image.manifestType !== undefined && { manifestType: image.manifestType }),
      chainId: image.chainId,
      platform: image.platform,
      config: prepared.config,
      hostConfig: prepared.hostConfig,
      endpoints: prepared.endpoints,
      path: prepared.path,
      args: prepared.args,
      mounts: prepared.mounts,
      runtime: prepared.runtime,
      ...(prepared.quotas.length > 0 && { quotas: prepared.quotas }),
      state: { ...FIRST_STATE },
    };
    try {
      return index.add(record);
    } catch (error) {
      await prepared.dispose();
      throw error;
    }
  }

  /** Directory and snapshot; when either fails nothing of the container stays. */
  async #furnish(container: Container): Promise<void> {
    const { record } = container;
    try {
      const [mounts] = await Promise.all([
        prepareSnapshot(this.#context.containerd.snapshots, record),
        mkdir(container.directory, { recursive: true, mode: 0o700 }),
      ]);
      await this.#context.rootQuota.place(container, mounts);
      container.rootfs = mounts;
      await this.#rich.check(container, new RootfsView(mounts));
      container.transition('created');
    } catch (error) {
      container.transition('removing');
      this.#context.index.releaseName(container);
      await this.#remover.finish(container, true);
      throw error;
    }
  }

  #prepareContext(id: string): PrepareContext {
    const { index, networks, volumes } = this.#context;
    return {
      ...this.#environment,
      id,
      volumes,
      findContainer: async (reference) => {
        const { record } = await Promise.resolve(index.get(reference));
        return {
          id: record.id,
          name: record.name,
          mounts: record.mounts,
          ipcMode: record.hostConfig.IpcMode ?? 'private',
          ...(record.config.Hostname && { hostname: record.config.Hostname }),
          ...(record.config.Domainname && { domainname: record.config.Domainname }),
        };
      },
      findNetwork: async (reference) => {
        const found = await networks.inspect(reference);
        return { name: found.Name, driver: found.Driver };
      },
    };
  }
}
