import type { HostConfig } from '@pouch/api';
import type { Hooks } from '@pouch/oci';
import { invalid } from './invalid.ts';

/** The stages of the runtime specification (config.md, "POSIX-platform Hooks"), without the deprecated prestart. */
const STAGES = ['createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

/** Check HostConfig.OciHooks. Throws invalid-argument. */
export function validateHooks({ OciHooks: hooks = {} }: HostConfig): void {
  for (const [stage, list] of Object.entries(hooks)) {
    if (!STAGES.some((known) => known === stage))
      throw invalid(`unknown hook stage '${stage}': use one of ${STAGES.join(', ')}`);
    for (const { Path: path = '', Args: args = [], Env: env = [], Timeout: timeout = 0 } of list) {
      if (!path.startsWith('/')) throw invalid(`the hook's path '${path}' must be absolute`);
      if ([path, ...args, ...env].some((word) => word.includes('\0'))) throw invalid('a hook may not hold a NUL byte');
      if (timeout < 0) throw invalid(`the timeout of the hook ${path} is negative`);
    }
  }
}

/** As the runtime takes them: the first argument is the program's name. */
export function buildHooks({ OciHooks: hooks }: HostConfig): Hooks | undefined {
  if (!hooks || Object.keys(hooks).length === 0) return undefined;
  return Object.fromEntries(
    Object.entries(hooks).map(([stage, list]) => [
      stage,
      list.map(({ Path: path = '', Args: args = [], Env: env, Timeout: timeout }) => ({
        path,
        args: [path, ...args],
        ...(env && { env: [...env] }),
        ...(timeout && { timeout }),
      })),
    ]),
  );
}
