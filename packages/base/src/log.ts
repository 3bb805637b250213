/**
 * Structured logs. One line per event: JSON, or text for people. Levels:
 * - error: something was lost or needs an operator;
 * - warn: something failed and was mended, or will be retried;
 * - info: what changed on this host (daemon, containerd, containers, networks, images), a line per change;
 * - debug: the steps of one operation.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export interface LogSinkOptions {
  level: LogLevel;
  format: 'text' | 'json';
  write: (line: string) => void;
}

/** The level can be changed while running: mutate `options.level`. */
export function createLogger(options: LogSinkOptions, fields: LogFields = {}): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(options.level)) return;
      options.write(format(options.format, level, message, { ...fields, ...more }));
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => createLogger(options, { ...fields, ...more }),
  };
}

export const silentLogger: Logger = createLogger({ level: 'error', format: 'text', write: () => {} });

function format(kind: 'text' | 'json', level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date().toISOString();
  const plain = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plainValue(value)]));
  if (kind === 'json') return `${JSON.stringify({ time, level, message, ...plain })}\n`;
  const tail = Object.entries(plain).map(([key, value]) => ` ${key}=${textValue(value)}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${message}${tail.join('')}\n`;
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : ` (cause: ${String(plainValue(value.cause))})`;
    return value.message + cause;
  }
  return typeof value === 'bigint' ? value.toString() : value;
}

function textValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined');
  return /^[\w./:@-]+$/.test(text) ? text : JSON.stringify(text);
}
