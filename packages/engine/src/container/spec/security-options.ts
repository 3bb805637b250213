import { PouchError } from '@pouch/base';

/** `--security-opt`, read. */
export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** undefined: the daemon's default; else `unconfined`, `builtin`, or a profile as JSON text. */
  readonly seccomp?: string;
  readonly apparmor?: string;
  /** SELinux `user:…`, `role:…`, `type:…`, `level:…` or `disable`. */
  readonly labels: readonly string[];
  /** Show every masked path and let every read-only path be written. */
  readonly systemPathsUnconfined: boolean;
  /** A writable cgroup file system, as long as it is the container's own cgroup namespace. */
  readonly writableCgroups: boolean;
}

/** Parse HostConfig.SecurityOpt; `name=value` as well as the older `name:value`. Throws invalid-argument. */
export function parseSecurityOptions(options: readonly string[] = []): SecurityOptions {
  const read: { -readonly [K in keyof SecurityOptions]: SecurityOptions[K] } & { labels: string[] } = {
    noNewPrivileges: false,
    labels: [],
    systemPathsUnconfined: false,
    writableCgroups: false,
  };
  for (const option of options) {
    const match = /^([^=:]+)(?:[=:]([\s\S]*))?$/.exec(option);
    const value = match?.[2];
    switch (match?.[1]) {
      case 'no-new-privileges':
        read.noNewPrivileges = value === undefined || parseFlag(option, value);
        break;
      case 'seccomp':
        read.seccomp = required(option, value);
        break;
      case 'apparmor':
        read.apparmor = required(option, value);
        break;
      case 'label':
        read.labels.push(required(option, value));
        break;
      case 'systempaths':
        if (value !== 'unconfined') throw invalid(option);
        read.systemPathsUnconfined = true;
        break;
      case 'writable-cgroups':
        read.writableCgroups = value === undefined || parseFlag(option, value);
        break;
      default:
        throw invalid(option);
    }
  }
  return read;
}

function parseFlag(option: string, value: string): boolean {
  if (/^(true|1|t)$/i.test(value)) return true;
  if (/^(false|0|f)$/i.test(value)) return false;
  throw invalid(option);
}

function required(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw invalid(option);
  return value;
}

function invalid(option: string): PouchError {
  const shown = option.length > 100 ? `${option.slice(0, 100)}…` : option;
  return new PouchError('invalid-argument', `invalid --security-opt 2: "${shown}"`);
}
