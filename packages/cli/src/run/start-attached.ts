import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import type { AttachFlags } from './attach-running.ts';
import { runAttached } from './run-container.ts';

/** Start an existing container with our streams joined to it; returns its exit code. */
export async function startAttached(context: Context, name: string, flags: AttachFlags): Promise<number> {
  const found = await context.client.containers.inspect(name);
  if (found.State.Running && !found.State.Paused) {
    const { attachRunning } = await import('./attach-running.ts');
    return await attachRunning(context, found.Id, flags);
  }
  try {
    return await runAttached(context, found.Id, {
      config: {
        AttachStdin: flags.stdin && (found.Config.OpenStdin ?? false),
        AttachStdout: flags.output,
        AttachStderr: flags.output,
        Tty: found.Config.Tty ?? false,
        HostConfig: { AutoRemove: found.HostConfig.AutoRemove ?? false },
      },
      detachKeys: flags.detachKeys,
      detachKeysText: flags.detachKeysText,
      signalProxy: flags.signalProxy,
    });
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    throw new ExitError(1, error.message.split('\n\n')[0]?.replace(/^pouch: /, '') ?? error.message);
  }
}
