import { ContainerCreateRequest, ContainerUpdateRequest, parse } from '@pouch/api';
import { background, type Logger, PouchError } from '@pouch/base';
import { type EventBus, type HookPoint, type Hooks, NO_HOOKS, PluginHooks } from '@pouch/engine';
import { isPlainObject } from './config/setting-value.ts';

/** The plugins of a directory, called from now on; none without one. */
export async function loadHooks(directory: string, dependencies: { logger: Logger; events: EventBus }): Promise<Hooks> {
  if (directory === '') return NO_HOOKS;
  const { logger, events } = dependencies;
  const hooks = new PluginHooks({ directory }, { logger, checkRequest });
  await hooks.load();
  if (hooks.has('post-pull')) {
    events.subscribe(({ Type, Action, Actor }) => {
      if (Type !== 'image' || Action !== 'pull') return;
      const image = { id: Actor?.ID ?? '', ...Actor?.Attributes };
      background(hooks.run('post-pull', { image }), (error) => logger.warn('a plugin could not be called', { error }));
    });
  }
  return hooks;
}

function checkRequest(point: HookPoint, request: unknown): unknown {
  const what = `the request that a plugin changed at ${point}`;
  if (point === 'pre-create') return parse(ContainerCreateRequest, request, { what });
  if (point === 'pre-update') return parse(ContainerUpdateRequest, request, { what });
  if (point === 'volume-create') return checkVolume(request, what);
  throw new PouchError('invalid-argument', `${what}: there is nothing to change`);
}

function checkVolume(request: unknown, what: string): object {
  const bad = new PouchError('invalid-argument', `${what} must hold driver, driverOpts and labels of text`);
  if (!isPlainObject(request)) throw bad;
  const { driver, driverOpts, labels, anonymous } = request;
  if (driver !== undefined && typeof driver !== 'string') throw bad;
  if (anonymous !== undefined && typeof anonymous !== 'boolean') throw bad;
  for (const texts of [driverOpts, labels]) {
    if (texts === undefined) continue;
    if (!isPlainObject(texts) || Object.values(texts).some((value) => typeof value !== 'string')) throw bad;
  }
  return request;
}
