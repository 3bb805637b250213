import type { ContainerPruneResponse } from '@pouch/api';
import { isErrorCode, PouchError } from '@pouch/base';
import type { Container } from '../container.ts';
import type { Filters } from '../container-service.ts';
import { compileFilters, type FilterSources } from '../view/list-filters.ts';
import type { LifecycleContext } from './context.ts';
import type { Remover } from './remover.ts';

const FILTERS = ['label', 'label!', 'until'];
const STOPPED = ['created', 'exited', 'dead'];

/** Removes containers that do not run. */
export class Pruner {
  readonly #context: LifecycleContext;
  readonly #remover: Remover;
  readonly #sizeOf: (container: Container) => Promise<number>;

  constructor(
    context: LifecycleContext,
    dependencies: { remover: Remover; sizeOf: (container: Container) => Promise<number> },
  ) {
    this.#context = context;
    this.#remover = dependencies.remover;
    this.#sizeOf = dependencies.sizeOf;
  }

  async prune(filters: Filters, sources: FilterSources): Promise<ContainerPruneResponse> {
    const unknown = Object.keys(filters).find((name) => !FILTERS.includes(name));
    if (unknown !== undefined) throw new PouchError('invalid-argument', `invalid filter '${unknown}'`);
    const { index, events } = this.#context;
    const passes = await compileFilters(filters, sources, FILTERS);
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const container of index.all()) {
      if (!STOPPED.includes(container.status) || !passes(container)) continue;
      let size: number;
      try {
        size = await this.#sizeOf(container);
        await this.#remover.remove(container, { force: false, volumes: false });
      } catch (error) {
        // Started or removed by somebody else meanwhile.
        if (isErrorCode(error, 'conflict', 'not-found')) continue;
        throw error;
      }
      deleted.push(container.id);
      reclaimed += size;
    }
    events.publish('container', 'prune', '', { reclaimed: String(reclaimed) });
    return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimed };
  }
}
