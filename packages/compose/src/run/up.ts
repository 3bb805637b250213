import { PouchError } from '@pouch/base';
import { dependenciesOf } from '../project/dependencies.ts';
import type { Service } from '../project/project.ts';
import { selectServices } from '../project/select.ts';
import { Converger, type ConvergeOptions, type Recreate } from './converge.ts';
import { runHooks } from './hooks.ts';
import { ensureImages, type ImageOptions } from './images.ts';
import { ensureNetworks } from './networks.ts';
import { type Observed, observe, orphansOf } from './observed.ts';
import { all, inOrder, type Session, step } from './session.ts';
import { removeContainer, stopContainer } from './stop.ts';
import { ensureVolumes } from './volumes.ts';
import { waitFor } from './wait.ts';

export interface UpOptions {
  /** Without any, all services. */
  readonly services: readonly string[];
  readonly images: ImageOptions;
  readonly recreate: Recreate;
  readonly recreateDependencies?: Recreate;
  readonly dependencies: boolean;
  readonly scale: ReadonlyMap<string, number>;
  readonly removeOrphans: boolean;
  readonly ignoreOrphans?: boolean;
  readonly timeout?: number;
  readonly renewVolumes: boolean;
  /** Only create. */
  readonly start: boolean;
  /** Wait until all of them are running, or healthy where they have a health check. */
  readonly wait?: boolean;
  /** Called with the containers before any of them is started. */
  readonly beforeStart?: (containers: readonly Observed[]) => Promise<void>;
}

/** Make and start what the project says; returns the containers of the services that were asked for. */
export async function up(session: Session, options: UpOptions): Promise<readonly Observed[]> {
  const services = selectServices(session.project, options.services, { dependencies: options.dependencies });
  if (services.length === 0) throw new PouchError('invalid-argument', 'no service selected');
  for (const name of options.scale.keys()) {
    if (!session.project.services.has(name)) throw new PouchError('not-found', `no such service: ${name}`);
  }
  const [images, before] = await Promise.all([
    ensureImages(session, services, options.images),
    observe(session.client, session.project.name),
  ]);
  await handleOrphans(session, before, options);
  await all([ensureNetworks(session, services), ensureVolumes(session, services)]);
  const convergeOptions: ConvergeOptions = {
    recreate: options.recreate,
    recreateDependencies: options.recreateDependencies ?? options.recreate,
    named: new Set(options.services),
    scale: options.scale,
    images,
    renewVolumes: options.renewVolumes,
    ...(options.timeout !== undefined && { timeout: options.timeout }),
  };
  const converger = new Converger(session, before, convergeOptions);
  await converger.run(services);
  const names = new Set(services.map(({ name }) => name));
  const mine = (): Observed[] => converger.containers.filter(({ service, oneOff }) => names.has(service) && !oneOff);
  if (!options.start) return mine();
  await options.beforeStart?.(mine());
  await restartDependents(session, services, converger);
  await startServices(session, services, converger.containers);
  if (options.wait) await waitFor(session, mine(), 'running_or_healthy');
  return mine();
}

async function handleOrphans(session: Session, containers: readonly Observed[], options: UpOptions): Promise<void> {
  const orphans = orphansOf(session.project, containers);
  if (orphans.length === 0 || options.ignoreOrphans) return;
  if (options.removeOrphans) {
    await all(
      orphans.map(async (container) => {
        await stopContainer(session, container, options.timeout);
        await removeContainer(session, container, { volumes: false });
      }),
    );
    return;
  }
  session.progress.warn(
    `Found orphan containers (${orphans.map(({ name }) => name).join(', ')}) for this project: of services that its files do not have. Remove them with --remove-orphans.`,
  );
}

/** Services that asked to be restarted with a dependency are stopped, so that the start below starts them again. */
async function restartDependents(session: Session, services: readonly Service[], converger: Converger): Promise<void> {
  const stale = services.filter(({ depends_on: dependsOn, name }) =>
    Object.entries(dependsOn).some(
      ([other, { restart }]) => restart && converger.renewed.has(other) && !converger.renewed.has(name),
    ),
  );
  await all(
    stale.flatMap(({ name }) =>
      converger.containers
        .filter(({ service, state, oneOff }) => service === name && state === 'running' && !oneOff)
        .map((container) =>
          step(session, `Container ${container.name}`, ['Restarting', 'Restarted'], () =>
            session.client.containers.restart(container.id),
          ),
        ),
    ),
  );
}

/** Start what does not run, each service when what it depends on meets its condition. */
export async function startServices(
  session: Session,
  services: readonly Service[],
  containers: readonly Observed[],
): Promise<void> {
  const byName = new Map(services.map((service) => [service.name, service]));
  await inOrder(
    byName.keys(),
    (name) => dependenciesOf(byName, name),
    async (name) => {
      const service = byName.get(name) as Service;
      await waitForDependencies(session, service, containers);
      const own = containers.filter((one) => one.service === name && !one.oneOff);
      await all(own.map((container) => startContainer(session, service, container)));
    },
  );
}

async function startContainer(session: Session, service: Service, container: Observed): Promise<void> {
  const { state, name } = container;
  if (state === 'running' || state === 'paused' || state === 'restarting') return;
  await step(session, `Container ${name}`, ['Starting', 'Started'], () =>
    session.client.containers.start(container.id),
  );
  await runHooks(session, container, service.post_start);
}

async function waitForDependencies(session: Session, service: Service, containers: readonly Observed[]): Promise<void> {
  await all(
    Object.entries(service.depends_on).map(async ([name, { condition = 'service_started', required }]) => {
      const waited = containers.filter((one) => one.service === name && !one.oneOff);
      if (condition === 'service_started' || waited.length === 0) return;
      try {
        await waitFor(session, waited, condition);
      } catch (error) {
        if (required !== false || session.signal.aborted) throw error;
        session.progress.warn(`optional dependency ${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
}
