import { background } from '@pouch/base';
import type { HookEvent, HookPoint } from '../../hooks/hook-points.ts';
import type { Container } from '../container.ts';
import type { LifecycleContext } from './context.ts';

type Context = Pick<LifecycleContext, 'hooks' | 'logger'>;

/** Call the plugins of a point with a container; facts as they leave them. Throws where a failure refuses. */
export async function askPlugins<F extends HookEvent>(
  { hooks }: Context,
  point: HookPoint,
  container: Container,
  facts?: F,
): Promise<F> {
  const given = (facts ?? {}) as F;
  if (!hooks.has(point)) return given;
  const { record } = container;
  return await hooks.run(point, {
    ...given,
    container: {
      id: record.id,
      name: record.name,
      image: record.imageReference,
      labels: record.config.Labels ?? {},
      pid: record.state.pid,
      exitCode: record.state.exitCode,
      directory: container.directory,
    },
  });
}

/** The same, without holding anything up: at points whose failures are only logged. */
export function tellPlugins(context: Context, point: HookPoint, container: Container): void {
  if (!context.hooks.has(point)) return;
  background(askPlugins(context, point, container), (error) =>
    context.logger.warn('a plugin could not be called', { point, container: container.id, error }),
  );
}
