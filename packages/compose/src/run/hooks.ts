import { PouchError, sleep } from '@pouch/base';
import { demultiplex } from '@pouch/client';
import type { Hook } from '../schema/service-parts.ts';
import type { Session } from './session.ts';

/** Run a service's hooks in a running container, one after the other. Throws when one ends with another code than 0. */
export async function runHooks(
  session: Session,
  container: { readonly id: string; readonly name: string },
  hooks: readonly Hook[] | undefined,
): Promise<void> {
  for (const hook of hooks ?? []) {
    const code = await runHook(session, container, hook);
    if (code === 0) continue;
    const command = (hook.command ?? []).join(' ');
    throw new PouchError('internal', `the hook '${command}' in ${container.name} ended with exit code ${code}`);
  }
}

async function runHook(
  session: Session,
  container: { readonly id: string; readonly name: string },
  hook: Hook,
): Promise<number> {
  const { execs } = session.client;
  const exec = await execs.create(container.id, {
    Cmd: [...(hook.command ?? [])],
    AttachStdout: true,
    AttachStderr: true,
    ...(hook.user !== undefined && { User: hook.user }),
    ...(hook.privileged !== undefined && { Privileged: hook.privileged }),
    ...(hook.working_dir !== undefined && { WorkingDir: hook.working_dir }),
    Env: Object.entries(hook.environment ?? {}).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
  });
  const stream = await execs.attach(exec, {});
  const decoder = new TextDecoder();
  let rest = '';
  await demultiplex(stream.output, (_, data) => {
    const lines = (rest + decoder.decode(data, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) session.progress.output(`Container ${container.name}`, line);
  });
  if (rest !== '') session.progress.output(`Container ${container.name}`, rest);
  // The output may end a moment before the daemon hears of the process's end.
  for (let pause = 5; ; pause = Math.min(pause * 2, 200)) {
    const { ExitCode: code } = await execs.inspect(exec);
    if (code !== null && code !== undefined) return code;
    await sleep(pause, session.signal);
  }
}
