import type { HealthConfig, RestartPolicy, Ulimit } from '@pouch/api';

/** `--ulimit NAME=SOFT[:HARD]`. */
export function parseUlimit(text: string): Ulimit {
  const match = /^([a-z]+)=(-?\d{1,19}|unlimited)(?::(-?\d{1,19}|unlimited))?$/.exec(text);
  if (!match) throw new Error(`invalid ulimit argument: ${text} (use NAME=SOFT[:HARD])`);
  const value = (part: string): number => (part === 'unlimited' ? -1 : Number(part));
  const soft = value(match[2] as string);
  const hard = match[3] === undefined ? soft : value(match[3]);
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { Name: match[1] as string, Soft: soft, Hard: hard };
}

const RESTART = new Set(['no', 'always', 'unless-stopped', 'on-failure']);

/** `--restart POLICY[:RETRIES]`. */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [name = '', count, ...more] = text.split(':');
  if (count !== undefined && !/^\d{1,9}$/.test(count))
    throw new Error('invalid restart policy format: maximum retry count must be an integer');
  if (more.length > 0 || (text !== '' && name === '')) throw new Error('invalid restart policy format');
  if (name !== '' && !RESTART.has(name)) {
    throw new Error(`invalid restart policy '${name}': use no, always, unless-stopped or on-failure[:max-retries]`);
  }
  if (count !== undefined && name !== 'on-failure') {
    throw new Error("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

export interface HealthFlags {
  readonly command: string;
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
  readonly disable: boolean;
}

/** The health check that flags describe, or undefined when there is none. */
export function healthConfig(flags: HealthFlags): HealthConfig | undefined {
  const { command, interval, timeout, startPeriod, startInterval, retries } = flags;
  const any =
    command !== '' || interval !== 0 || timeout !== 0 || startPeriod !== 0 || startInterval !== 0 || retries !== 0;
  if (flags.disable) {
    if (any) throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!any) return undefined;
  const negative = Object.entries({ interval, timeout, startPeriod, startInterval, retries }).find(
    ([, value]) => value < 0,
  );
  if (negative)
    throw new Error(
      `--health-${negative[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} cannot be negative`,
    );
  return {
    ...(command !== '' && { Test: ['CMD-SHELL', command] }),
    Interval: interval,
    Timeout: timeout,
    StartPeriod: startPeriod,
    StartInterval: startInterval,
    Retries: retries,
  };
}
