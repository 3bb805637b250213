import { PouchError } from '@pouch/base';
import { selectServices } from '../project/select.ts';
import { runHooks } from './hooks.ts';
import { type Observed, observe } from './observed.ts';
import { all, type Session, step } from './session.ts';
import { dependenciesFirst, dependentsFirst, removeContainer, stopContainer, unlessGone } from './stop.ts';
import { startServices } from './up.ts';

/** The containers of the named services, of all without names; those of `run` only where asked. */
export async function containersOf(
  session: Session,
  services: readonly string[],
  options: { readonly oneOff?: boolean } = {},
): Promise<Observed[]> {
  for (const name of services) {
    if (!session.project.services.has(name) && !session.project.disabled.has(name)) {
      throw new PouchError('not-found', `no such service: ${name}`);
    }
  }
  const found = await observe(session.client, session.project.name);
  return found.filter(
    ({ service, oneOff }) =>
      (options.oneOff === true || !oneOff) &&
      (services.length > 0
        ? services.includes(service)
        : session.project.services.has(service) || session.project.disabled.has(service)),
  );
}

/** One container of a service: the lowest number, or the number that is asked for. */
export async function containerOf(session: Session, service: string, index = 0): Promise<Observed> {
  const found = await containersOf(session, [service]);
  const one =
    index > 0
      ? found.find(({ number }) => number === index)
      : (found.find(({ state }) => state === 'running') ?? found[0]);
  if (one) return one;
  throw new PouchError(
    'not-found',
    index > 0 ? `service "${service}" has no container #${index}` : `service "${service}" is not running`,
  );
}

/** Start containers that exist, in the order of their dependencies. */
export async function start(session: Session, names: readonly string[]): Promise<void> {
  const services = selectServices(session.project, names, { dependencies: true });
  const containers = await containersOf(session, []);
  for (const name of names) {
    if (!containers.some(({ service }) => service === name)) {
      throw new PouchError('not-found', `service "${name}" has no container to start`);
    }
  }
  await startServices(session, services, containers);
}

export async function stop(session: Session, names: readonly string[], timeout?: number): Promise<void> {
  await dependentsFirst(session, await containersOf(session, names), (one) => stopContainer(session, one, timeout));
}

/** Restart, dependencies first; dependents that asked for it come along. */
export async function restart(
  session: Session,
  names: readonly string[],
  options: { readonly timeout?: number; readonly dependents: boolean },
): Promise<void> {
  const wanted = new Set(names);
  if (options.dependents && names.length > 0) {
    for (const service of session.project.services.values()) {
      const follows = Object.entries(service.depends_on).some(
        ([other, { restart: along }]) => along && wanted.has(other),
      );
      if (follows) wanted.add(service.name);
    }
  }
  const { timeout } = options;
  await dependenciesFirst(session, await containersOf(session, [...wanted]), async (container) => {
    const service = session.project.services.get(container.service);
    if (container.state === 'running' && service?.pre_stop) await runHooks(session, container, service.pre_stop);
    await step(session, `Container ${container.name}`, ['Restarting', 'Started'], () =>
      session.client.containers.restart(container.id, timeout === undefined ? {} : { timeout }),
    );
    await runHooks(session, container, service?.post_start);
  });
}

export async function kill(session: Session, names: readonly string[], signal: string): Promise<void> {
  const running = (await containersOf(session, names, { oneOff: names.length === 0 })).filter(
    ({ state }) => state === 'running' || state === 'paused',
  );
  await all(
    running.map((one) =>
      step(session, `Container ${one.name}`, ['Killing', 'Killed'], () =>
        session.client.containers.kill(one.id, signal),
      ),
    ),
  );
}

export async function pause(session: Session, names: readonly string[]): Promise<void> {
  const running = (await containersOf(session, names)).filter(({ state }) => state === 'running');
  await dependentsFirst(session, running, (one) =>
    step(session, `Container ${one.name}`, ['Pausing', 'Paused'], () => session.client.containers.pause(one.id)),
  );
}

export async function unpause(session: Session, names: readonly string[]): Promise<void> {
  const paused = (await containersOf(session, names)).filter(({ state }) => state === 'paused');
  await dependenciesFirst(session, paused, (one) =>
    step(session, `Container ${one.name}`, ['Unpausing', 'Unpaused'], () => session.client.containers.unpause(one.id)),
  );
}

/** Containers that `rm` would remove: stopped ones, or all after a stop. */
export async function removable(session: Session, names: readonly string[], stopFirst: boolean): Promise<Observed[]> {
  if (stopFirst) await stop(session, names);
  const found = await containersOf(session, names, { oneOff: true });
  return found.filter(({ state }) => state !== 'running' && state !== 'paused' && state !== 'restarting');
}

export async function remove(session: Session, containers: readonly Observed[], volumes: boolean): Promise<void> {
  await dependentsFirst(session, containers, (one) => removeContainer(session, one, { volumes }));
}

/** Kill everything that still runs, in no order: the user does not want to wait. */
export async function killAll(session: Session): Promise<void> {
  const found = await observe(session.client, session.project.name);
  await all(
    found
      .filter(({ state }) => state === 'running' || state === 'paused' || state === 'restarting')
      .map((one) => unlessGone(session.client.containers.kill(one.id, 'KILL'))),
  );
}
