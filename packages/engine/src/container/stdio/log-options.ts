import { runInNewContext } from 'node:vm';
import type { ContainerConfig, HostConfig } from '@pouch/api';
import { PouchError, parseBytes, shortId } from '@pouch/base';
import { JsonFileDriver } from './json-file-driver.ts';
import type { LogDriver } from './log-driver.ts';
import { NoneDriver } from './none-driver.ts';

export const LOG_DRIVERS = ['json-file', 'none'] as const;

const JSON_FILE_OPTIONS = new Set([
  'max-size',
  'max-file',
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
  'mode',
  'max-buffer-size',
]);

/** The options that each driver takes. */
export function logDriverOptions(): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map<string, ReadonlySet<string>>([
    ['json-file', JSON_FILE_OPTIONS],
    ['none', new Set()],
  ]);
}

/** What a container's log is to be. Throws `invalid-argument` for unknown drivers, options and values. */
export interface LogSettings {
  readonly driver: (typeof LOG_DRIVERS)[number];
  readonly maxSize?: number;
  readonly maxFiles: number;
  readonly compress: boolean;
  /** With mode=non-blocking: bytes of output that may wait for the log before the oldest are dropped. */
  readonly ringBuffer?: number;
}

export function parseLogConfig(config: HostConfig['LogConfig']): LogSettings {
  const driver = config?.Type || 'json-file';
  const options = config?.Config ?? {};
  if (driver !== 'json-file' && driver !== 'none') {
    throw new PouchError(
      'invalid-argument',
      `logger: no log driver named '${driver}' is registered (there are: ${LOG_DRIVERS.join(', ')})`,
    );
  }
  if (driver === 'none') return { driver, maxFiles: 1, compress: false };
  for (const name of Object.keys(options)) {
    if (!JSON_FILE_OPTIONS.has(name)) {
      throw new PouchError('invalid-argument', `unknown log opt '${name}' for json-file log driver`);
    }
  }
  for (const name of ['labels-regex', 'env-regex']) compile(options[name] ?? '');
  return { driver, ...parseRotation(options), ...parseMode(options) };
}

function parseRotation(
  options: Readonly<Record<string, string>>,
): Pick<LogSettings, 'maxSize' | 'maxFiles' | 'compress'> {
  const maxFiles = Number(options['max-file'] ?? 1);
  const compress = options.compress ?? 'false';
  const maxSize = options['max-size'];
  if (!Number.isInteger(maxFiles) || maxFiles < 1) {
    throw new PouchError(
      'invalid-argument',
      `max-file must be a whole number of at least 1, not '${options['max-file']}'`,
    );
  }
  if (!['true', 'false'].includes(compress)) {
    throw new PouchError('invalid-argument', `compress must be true or false, not '${compress}'`);
  }
  if (maxSize === undefined && maxFiles > 1) {
    throw new PouchError('invalid-argument', 'max-file needs max-size: without it the log is never rotated');
  }
  if (compress === 'true' && (maxSize === undefined || maxFiles === 1)) {
    throw new PouchError(
      'invalid-argument',
      'compress cannot be true when max-file is less than 2 or max-size is not set',
    );
  }
  return { ...(maxSize !== undefined && { maxSize: parseBytes(maxSize) }), maxFiles, compress: compress === 'true' };
}

function parseMode(options: Readonly<Record<string, string>>): Pick<LogSettings, 'ringBuffer'> {
  const mode = options.mode ?? 'blocking';
  if (mode !== 'blocking' && mode !== 'non-blocking') {
    throw new PouchError('invalid-argument', `invalid logging mode '${mode}': use blocking or non-blocking`);
  }
  const size = options['max-buffer-size'];
  if (size !== undefined && mode === 'blocking') {
    throw new PouchError('invalid-argument', 'max-buffer-size needs mode=non-blocking');
  }
  return mode === 'blocking' ? {} : { ringBuffer: parseBytes(size ?? '1m') };
}

/** What identifies the container on each line. */
export interface LogSubject {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly config: ContainerConfig;
}

export function createLogDriver(config: HostConfig['LogConfig'], path: string, subject: LogSubject): LogDriver {
  const settings = parseLogConfig(config);
  if (settings.driver === 'none') return new NoneDriver();
  return new JsonFileDriver({ ...settings, path, attributes: logAttributes(config?.Config ?? {}, subject) });
}

/** The chosen labels, environment variables and tag, as Docker's `attrs`. */
export function logAttributes(options: Readonly<Record<string, string>>, subject: LogSubject): Record<string, string> {
  const attributes: Record<string, string> = {};
  const labels = subject.config.Labels ?? {};
  const env = Object.fromEntries((subject.config.Env ?? []).map((entry) => splitOnce(entry)));
  pick(labels, options.labels, options['labels-regex'], attributes);
  pick(env, options.env, options['env-regex'], attributes);
  if (options.tag) attributes.tag = renderTag(options.tag, subject);
  return Object.fromEntries(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function pick(
  from: Readonly<Record<string, string>>,
  names: string | undefined,
  pattern: string | undefined,
  into: Record<string, string>,
): void {
  const listed = new Set((names ?? '').split(',').filter(Boolean));
  if (pattern) for (const key of matching(pattern, Object.keys(from))) listed.add(key);
  for (const [key, value] of Object.entries(from)) if (listed.has(key)) into[key] = value;
}

/** Milliseconds that a user's regular expression has for all keys. */
const REGEX_DEADLINE = 100;

/** The keys that match. A pattern that backtracks without end is stopped: the whole daemon would wait for it. */
function matching(pattern: string, keys: readonly string[]): string[] {
  const regex = compile(pattern);
  try {
    const found: unknown = runInNewContext(
      'keys.filter((key) => regex.test(key)).join("\\0")',
      { regex, keys },
      {
        timeout: REGEX_DEADLINE,
      },
    );
    return String(found).split('\0');
  } catch (error) {
    throw new PouchError(
      'invalid-argument',
      `the regular expression ${pattern} in the log options takes too long: make it simpler`,
      { cause: error },
    );
  }
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new PouchError('invalid-argument', `invalid regular expression in log options: ${pattern}`, { cause: error });
  }
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

function renderTag(tag: string, subject: LogSubject): string {
  const values: Record<string, string> = {
    ID: shortId(subject.id),
    FullID: subject.id,
    Name: subject.name,
    ImageName: subject.image,
    DaemonName: 'pouch',
  };
  return tag.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, name: string) => values[name] ?? whole);
}
