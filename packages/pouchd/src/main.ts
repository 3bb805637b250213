#!/usr/bin/env node
import { writeSync } from 'node:fs';
import { asPouchError, createLogger, errorMessage, type LogLevel, type LogSinkOptions } from '@pouch/base';
import { setSessionPriority } from '@pouch/linux';
import { helpText } from './config/help.ts';
import { loadConfig, parseArguments } from './config/load-config.ts';
import type { Config } from './config/settings.ts';
import { Daemon } from './daemon.ts';
import { notifyReady } from './systemd-notify.ts';
import { GIT_COMMIT, VERSION } from './version.ts';

/** Written at once, so that the last lines before a crash are there. */
function sinkOptions(config: Config): LogSinkOptions {
  return {
    level: logLevel(config),
    format: config['log-format'] as LogSinkOptions['format'],
    write: (line) => void writeSync(2, line),
  };
}

function logLevel(config: Config): LogLevel {
  return config.debug ? 'debug' : (config['log-level'] as LogLevel);
}

/** What the launcher tells this process's allocator is not meant for what it starts. */
function forgetMallocSettings(): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('MALLOC_')) delete process.env[name];
}

async function main(argv: readonly string[]): Promise<void> {
  forgetMallocSettings();
  const invocation = parseArguments(argv);
  if (invocation.command === 'help') return void process.stdout.write(helpText());
  if (invocation.command === 'version')
    return void process.stdout.write(`pouchd version ${VERSION}${GIT_COMMIT && `, build ${GIT_COMMIT}`}\n`);
  const config = loadConfig(invocation, process.env);
  if (invocation.command === 'print-config') return void process.stdout.write(`${JSON.stringify(config, null, 2)}\n`);
  if (invocation.command === 'validate') return void process.stdout.write('configuration OK\n');
  if (invocation.command === 'tear-down') {
    const daemon = new Daemon(config, { logger: createLogger(sinkOptions(config)) });
    return await daemon.tearDown(new AbortController().signal);
  }
  await run(config, () => loadConfig(invocation, process.env));
}

async function run(config: Config, reread: () => Config): Promise<void> {
  const sink = sinkOptions(config);
  const logger = createLogger(sink);
  const daemon = new Daemon(config, { logger });
  const stopping = new AbortController();
  const stop = (name: NodeJS.Signals): void => {
    // A second signal does not wait for requests any more.
    if (stopping.signal.aborted) process.exit(1);
    logger.info('pouchd is stopping; containers run on', { signal: name });
    stopping.abort();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => {
    try {
      const changed = reread();
      sink.level = logLevel(changed);
      sink.format = changed['log-format'] as LogSinkOptions['format'];
      daemon.reload(changed);
    } catch (error) {
      logger.error('the configuration could not be read again; the old one stays', { error: errorMessage(error) });
    }
  });
  process.on('SIGPIPE', () => {});
  process.on('unhandledRejection', (error) =>
    logger.error('a rejection nobody handled', { error, stack: error instanceof Error ? error.stack : '' }),
  );
  await setSessionPriority(config.nice).catch((error: unknown) => {
    logger.warn('the daemon waits for the processor like everybody else', { error });
  });
  try {
    await daemon.start(stopping.signal);
    await notifyReady(logger);
    await new Promise<void>((resolve) => {
      if (stopping.signal.aborted) resolve();
      stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    await daemon[Symbol.asyncDispose]();
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    const { message } = asPouchError(error);
    writeSync(2, `pouchd: ${message}\n`);
    process.exit(1);
  },
);
