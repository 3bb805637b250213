import { dependenciesOf } from '../project/dependencies.ts';
import type { Service } from '../project/project.ts';
import { serviceHash } from '../convert/labels.ts';
import { containerName, createContainer } from './create.ts';
import { imageOf } from '../project/image-of.ts';
import { type Observed, observed } from './observed.ts';
import { all, inOrder, type Session, step } from './session.ts';
import { removeContainer, stopContainer } from './stop.ts';

/** When containers that are there are made anew. */
export type Recreate = 'changed' | 'always' | 'never';

export interface ConvergeOptions {
  readonly recreate: Recreate;
  /** For services that are only there because others need them. */
  readonly recreateDependencies: Recreate;
  /** Services named by the user; the others are dependencies. */
  readonly named: ReadonlySet<string>;
  readonly scale: ReadonlyMap<string, number>;
  /** Image ids by name. */
  readonly images: ReadonlyMap<string, string>;
  /** Seconds to stop a container that is made anew. */
  readonly timeout?: number;
  readonly renewVolumes: boolean;
}

/** Brings the containers of services to what the project says: as many, of that image and that configuration. */
export class Converger {
  readonly #session: Session;
  readonly #options: ConvergeOptions;
  readonly #containers = new Map<string, Observed>();
  /** Services whose containers were made anew, so that others that share something with them must be too. */
  readonly #renewed = new Set<string>();

  constructor(session: Session, containers: readonly Observed[], options: ConvergeOptions) {
    this.#session = session;
    this.#options = options;
    for (const container of containers) this.#containers.set(container.id, container);
  }

  /** Containers of the project as they are after it. */
  get containers(): readonly Observed[] {
    return [...this.#containers.values()];
  }

  get renewed(): ReadonlySet<string> {
    return this.#renewed;
  }

  async run(services: readonly Service[]): Promise<void> {
    const byName = new Map(services.map((service) => [service.name, service]));
    await inOrder(
      byName.keys(),
      (name) => dependenciesOf(byName, name),
      (name) => this.#service(byName.get(name) as Service),
    );
  }

  #of(service: string): Observed[] {
    return this.containers.filter((one) => one.service === service && !one.oneOff);
  }

  async #service(service: Service): Promise<void> {
    const wanted = this.#options.scale.get(service.name) ?? service.replicas;
    const existing = this.#of(service.name).toSorted(
      // What is out of date goes first when there are too many, then the highest number.
      (a, b) => Number(this.#isStale(service, a)) - Number(this.#isStale(service, b)) || a.number - b.number,
    );
    const surplus = existing.slice(wanted);
    await all(surplus.map((container) => this.#drop(container)));
    const kept = existing.slice(0, wanted);
    await all(kept.map((container) => this.#keepOrRenew(service, container)));
    const numbers = new Set(this.#of(service.name).map(({ number }) => number));
    const fresh: number[] = [];
    for (let number = 1; kept.length + fresh.length < wanted; number += 1) if (!numbers.has(number)) fresh.push(number);
    await all(fresh.map((number) => this.#create(service, number)));
  }

  async #drop(container: Observed): Promise<void> {
    await stopContainer(this.#session, container, this.#options.timeout);
    await removeContainer(this.#session, container, { volumes: false });
    this.#containers.delete(container.id);
  }

  #isStale(service: Service, container: Observed): boolean {
    const image = this.#options.images.get(imageOf(this.#session.project, service));
    return (
      container.hash !== serviceHash(this.#session.project, service) ||
      (image !== undefined && container.summary.ImageID !== image) ||
      container.state === 'dead' ||
      this.#sharesWithRenewed(service)
    );
  }

  /** Namespaces and mounts of a container that is gone cannot be shared any more. */
  #sharesWithRenewed(service: Service): boolean {
    const shared = [service.network_mode, service.ipc, service.pid]
      .filter((mode) => mode?.startsWith('service:'))
      .map((mode) => mode?.slice('service:'.length) ?? '');
    const from = (service.volumes_from ?? []).map((text) => text.split(':')[0] ?? '');
    return [...shared, ...from].some((name) => this.#renewed.has(name));
  }

  async #keepOrRenew(service: Service, container: Observed): Promise<void> {
    const { named, recreate, recreateDependencies } = this.#options;
    const policy = named.size === 0 || named.has(service.name) ? recreate : recreateDependencies;
    const stale = policy === 'always' || (policy === 'changed' && this.#isStale(service, container));
    if (stale) await this.#renew(service, container);
    else if (container.state === 'running')
      this.#session.progress.step(`Container ${container.name}`, 'Running', 'done');
  }

  /**
   * The new container is made beside the old one and takes its name when that is gone, so that a configuration that
   * cannot be made leaves the old one running.
   */
  async #renew(service: Service, old: Observed): Promise<void> {
    const { client, progress } = this.#session;
    const name = containerName(this.#session.project.name, service, old.number);
    const id = `Container ${name}`;
    progress.step(id, 'Recreate', 'working');
    const temporary = `${old.id.slice(0, 12)}_${name}`;
    const created = await this.#session.limit.run(() =>
      createContainer(this.#session, service, {
        name: temporary,
        number: old.number,
        imageId: this.#imageId(service),
        siblings: this.containers,
        replaces: old,
        renewVolumes: this.#options.renewVolumes,
      }),
    );
    const { timeout } = this.#options;
    if (old.state === 'running' || old.state === 'paused' || old.state === 'restarting') {
      await client.containers.stop(old.id, timeout === undefined ? {} : { timeout });
    }
    await client.containers.remove(old.id, { force: true, volumes: this.#options.renewVolumes });
    await client.containers.rename(created, name);
    this.#containers.delete(old.id);
    await this.#add(created);
    this.#renewed.add(service.name);
    progress.step(id, 'Recreated', 'done');
  }

  async #create(service: Service, number: number): Promise<void> {
    const name = containerName(this.#session.project.name, service, number);
    const id = await step(this.#session, `Container ${name}`, ['Creating', 'Created'], () =>
      createContainer(this.#session, service, {
        name,
        number,
        imageId: this.#imageId(service),
        siblings: this.containers,
      }),
    );
    await this.#add(id);
  }

  #imageId(service: Service): string {
    return this.#options.images.get(imageOf(this.#session.project, service)) ?? '';
  }

  async #add(id: string): Promise<void> {
    const [summary] = await this.#session.client.containers.list({ all: true, filters: { id: [id] } });
    if (summary) this.#containers.set(id, observed(summary));
  }
}
