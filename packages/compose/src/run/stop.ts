import { isErrorCode } from '@pouch/base';
import { dependentsOf } from '../project/dependencies.ts';
import { runHooks } from './hooks.ts';
import type { Observed } from './observed.ts';
import { all, inOrder, type Session, step } from './session.ts';

/** What is gone already needs no stop and no removal. */
export async function unlessGone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isErrorCode(error, 'not-found', 'not-modified')) throw error;
  }
}

/** Stop one container, after its service's pre_stop hooks. `timeout` in seconds. */
export async function stopContainer(session: Session, container: Observed, timeout?: number): Promise<void> {
  if (container.state !== 'running' && container.state !== 'paused' && container.state !== 'restarting') return;
  const service = session.project.services.get(container.service);
  if (container.state === 'running' && service?.pre_stop) {
    await runHooks(session, container, service.pre_stop).catch((error: unknown) => {
      session.progress.warn(`pre_stop of ${container.name}: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  await step(session, `Container ${container.name}`, ['Stopping', 'Stopped'], () =>
    unlessGone(session.client.containers.stop(container.id, timeout === undefined ? {} : { timeout })),
  );
}

/** Remove one container and its anonymous volumes when that is asked for. */
export async function removeContainer(
  session: Session,
  container: Pick<Observed, 'id' | 'name'>,
  options: { readonly volumes: boolean; readonly force?: boolean },
): Promise<void> {
  await step(session, `Container ${container.name}`, ['Removing', 'Removed'], () =>
    unlessGone(
      session.client.containers.remove(container.id, { force: options.force ?? true, volumes: options.volumes }),
    ),
  );
}

/** Do something to containers, those of dependents before those of what they depend on. */
export async function dependentsFirst(
  session: Session,
  containers: readonly Observed[],
  work: (container: Observed) => Promise<void>,
): Promise<void> {
  const { services } = session.project;
  const names = new Set(containers.map(({ service }) => service));
  await inOrder(
    names,
    (name) => dependentsOf(services, name),
    async (name) => {
      await all(containers.filter(({ service }) => service === name).map(work));
    },
  );
}

/** Do something to containers, those of dependencies first. */
export async function dependenciesFirst(
  session: Session,
  containers: readonly Observed[],
  work: (container: Observed) => Promise<void>,
): Promise<void> {
  const { services } = session.project;
  await inOrder(
    new Set(containers.map(({ service }) => service)),
    (name) => Object.keys(services.get(name)?.depends_on ?? {}),
    async (name) => {
      await all(containers.filter(({ service }) => service === name).map(work));
    },
  );
}
