import type { ContainerInspect } from '@pouch/api';
import { PouchError, sleep } from '@pouch/base';
import type { DependsOn } from '../schema/service-parts.ts';
import type { Observed } from './observed.ts';
import type { Session } from './session.ts';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 500;

/** What is waited for: a dependency's condition, or `running_or_healthy` for `up --wait`. */
export type WaitCondition = NonNullable<DependsOn['condition']> | 'running_or_healthy';

/** Wait until every container meets the condition. Throws when it cannot be met any more. */
export async function waitFor(
  session: Session,
  containers: readonly Pick<Observed, 'id' | 'name'>[],
  condition: WaitCondition,
): Promise<void> {
  await Promise.all(containers.map((container) => waitForOne(session, container, condition)));
}

async function waitForOne(
  session: Session,
  { id, name }: Pick<Observed, 'id' | 'name'>,
  condition: WaitCondition,
): Promise<void> {
  let told = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const met = judge(await session.client.containers.inspect(id), name, condition);
    if (met !== undefined) {
      if (told || condition !== 'service_started') session.progress.step(`Container ${name}`, met, 'done');
      return;
    }
    if (!told) session.progress.step(`Container ${name}`, 'Waiting', 'working');
    told = true;
    await sleep(pause, session.signal);
  }
}

/** The word for a condition that is met, or undefined while it may still be. */
function judge({ State: state }: ContainerInspect, name: string, condition: WaitCondition): string | undefined {
  const ended = !state.Running && !state.Restarting && state.Status !== 'created';
  switch (condition) {
    case 'service_started':
      return state.Status === 'created' ? undefined : 'Started';
    case 'service_completed_successfully':
      if (!ended) return undefined;
      if (state.ExitCode === 0) return 'Exited';
      throw new PouchError('unavailable', `container ${name} didn't complete successfully: exit ${state.ExitCode}`);
    case 'service_healthy':
      if (ended)
        throw new PouchError('unavailable', `dependency failed to start: container ${name} exited (${state.ExitCode})`);
      if (!state.Health || state.Health.Status === 'none') {
        throw new PouchError('invalid-argument', `container ${name} has no healthcheck configured`);
      }
      if (state.Health.Status === 'unhealthy') {
        throw new PouchError('unavailable', `dependency failed to start: container ${name} is unhealthy`);
      }
      return state.Health.Status === 'healthy' ? 'Healthy' : undefined;
    case 'running_or_healthy':
      if (ended) {
        if (state.ExitCode === 0) return 'Exited';
        throw new PouchError('unavailable', `container ${name} exited (${state.ExitCode})`);
      }
      if (state.Health?.Status === 'unhealthy') throw new PouchError('unavailable', `container ${name} is unhealthy`);
      if (!state.Health || state.Health.Status === 'none') return state.Running ? 'Running' : undefined;
      return state.Health.Status === 'healthy' ? 'Healthy' : undefined;
  }
}
