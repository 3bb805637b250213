import { readFileSync } from 'node:fs';
import { errnoCode, errorMessage } from '@pouch/base';

export interface SecurityFlags {
  readonly options: readonly string[];
  /** `systempaths=unconfined`: nothing is masked or protected. */
  readonly unmasked: boolean;
}

/** `--security-opt`; the content of a seccomp profile's file is sent in place of its path. */
export function parseSecurityOptions(values: readonly string[]): SecurityFlags {
  const options: string[] = [];
  let unmasked = false;
  for (const value of values) {
    const match = /^([^=:]+)(?:[=:]([^]*))?$/.exec(value);
    const [key, setting] = [match?.[1] ?? value, match?.[2]];
    if (setting === undefined && key !== 'no-new-privileges') throw new Error(`invalid --security-opt: ${value}`);
    if (value === 'systempaths=unconfined') unmasked = true;
    else if (key === 'seccomp' && setting !== 'unconfined' && setting !== 'builtin' && setting !== undefined) {
      options.push(`seccomp=${readProfile(setting)}`);
    } else options.push(value);
  }
  return { options, unmasked };
}

function readProfile(path: string): string {
  try {
    return JSON.stringify(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const reason = errnoCode(error) === 'ENOENT' ? 'no such file or directory' : errorMessage(error);
    throw new Error(`opening seccomp profile (${path}) failed: ${reason}`, { cause: error });
  }
}
