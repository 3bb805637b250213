import { PouchError } from '@pouch/base';
import { all, Follower, killAll, type Observed, type Recreate, stop, up, type UpOptions, watch } from '@pouch/compose';
import { command } from '../../app/command.ts';
import type { Context } from '../../app/context.ts';
import { ExitError, UsageError } from '../../app/errors.ts';
import { LogPrinter, logName } from '../../compose/log-printer.ts';
import { type OpenSession, openSession } from '../../compose/open-session.ts';
import { parseScale } from '../../compose/scale.ts';
import { bool, int, list, optionalInt, str } from '../../flags/types.ts';

const flags = {
  'abort-on-container-exit': bool('Stop all containers when one ends'),
  'abort-on-container-failure': bool('Stop all containers when one ends with another code than 0'),
  'always-recreate-deps': bool('Make containers of dependencies anew too'),
  attach: list('Only follow the output of this service'),
  'attach-dependencies': bool('Also follow the output of dependencies'),
  build: bool('Build images before'),
  detach: bool('Leave them in the background', { short: 'd' }),
  'exit-code-from': str('End with the exit code of this service’s container; implies --abort-on-container-exit'),
  'force-recreate': bool('Make containers anew although nothing has changed'),
  'no-attach': list('Do not follow the output of this service'),
  'no-build': bool('Do not build missing images'),
  'no-color': bool('Print names without colours'),
  'no-deps': bool('Leave out what the services depend on'),
  'no-log-prefix': bool('Print lines without names'),
  'no-recreate': bool('Leave containers as they are although something has changed'),
  'no-start': bool('Only create'),
  pull: str('When to pull images', { values: ['always', 'missing', 'never'], placeholder: 'string' }),
  'quiet-build': bool('Show no output of builds'),
  'quiet-pull': bool('Show no progress of pulls'),
  'remove-orphans': bool('Remove containers of services that the files do not have'),
  'renew-anon-volumes': bool('Make anonymous volumes anew too', { short: 'V' }),
  scale: list('SERVICE=COUNT: so many containers of this service'),
  timeout: optionalInt('Seconds to stop a container before it is killed', { short: 't' }),
  timestamps: bool('Show when each line was written'),
  wait: bool('Wait until they run, or are healthy; implies --detach'),
  'wait-timeout': int('Seconds to wait at most'),
  watch: bool('Carry changes of files over while it runs', { short: 'w' }),
  yes: bool('Answer questions with yes; there are none here', { short: 'y', hidden: true }),
};

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  description:
    'Without --detach it follows their output until they end; an interrupt stops them, a second one kills them.',
  examples: [
    { command: 'pouch compose up -d', does: 'everything in the background' },
    { command: 'pouch compose up -d --build --scale worker=3 worker', does: 'three workers of a fresh image' },
    { command: 'pouch compose up --exit-code-from test', does: 'end as the tests end' },
  ],
  flags,
  async run(context, values, services, given) {
    const conflict = (a: keyof typeof flags, b: keyof typeof flags): void => {
      if (given.has(a) && given.has(b)) throw new UsageError(`--${a} and --${b} are incompatible`);
    };
    conflict('force-recreate', 'no-recreate');
    conflict('build', 'no-build');
    conflict('detach', 'attach');
    conflict('detach', 'abort-on-container-exit');
    conflict('abort-on-container-exit', 'abort-on-container-failure');
    const detached = values.detach || values.wait || values['no-start'];
    const cascade = !detached && (values['abort-on-container-exit'] || values['exit-code-from'] !== '');
    const recreate: Recreate = values['force-recreate'] ? 'always' : values['no-recreate'] ? 'never' : 'changed';
    const title = values['no-start'] ? 'Creating' : 'Starting';
    using session = await openSession(context, { title, services, keepInterrupts: !detached });
    if (values['exit-code-from'] !== '' && !session.project.services.has(values['exit-code-from'])) {
      throw new ExitError(1, `no such service: ${values['exit-code-from']}`);
    }
    const options: UpOptions = {
      services,
      images: {
        build: values.build,
        noBuild: values['no-build'],
        quiet: values['quiet-pull'],
        ...(values.pull && { pull: values.pull }),
      },
      recreate,
      recreateDependencies: values['always-recreate-deps'] ? 'always' : recreate === 'never' ? 'never' : 'changed',
      dependencies: !values['no-deps'],
      scale: parseScale(values.scale),
      removeOrphans: values['remove-orphans'] || isTrue(process.env['COMPOSE_REMOVE_ORPHANS']),
      ignoreOrphans: isTrue(process.env['COMPOSE_IGNORE_ORPHANS']),
      renewVolumes: values['renew-anon-volumes'],
      start: !values['no-start'],
      wait: values.wait,
      ...(values.timeout !== undefined && { timeout: values.timeout }),
    };
    if (detached) {
      const limit = values['wait-timeout'] > 0 ? AbortSignal.timeout(values['wait-timeout'] * 1000) : undefined;
      const signal = limit ? AbortSignal.any([session.signal, limit]) : session.signal;
      await up({ ...session, signal }, options);
      return 0;
    }
    return await upAttached(context, session, options, {
      attach: values.attach,
      noAttach: values['no-attach'],
      attachDependencies: values['attach-dependencies'],
      prefix: !values['no-log-prefix'],
      color: context.stdout.color && !values['no-color'],
      timestamps: values.timestamps,
      cascade: cascade ? 'exit' : values['abort-on-container-failure'] ? 'failure' : undefined,
      exitCodeFrom: values['exit-code-from'],
      watch: values.watch,
    });
  },
});

function isTrue(text: string | undefined): boolean {
  return text === '1' || text?.toLowerCase() === 'true';
}

interface Attachment {
  readonly attach: readonly string[];
  readonly noAttach: readonly string[];
  readonly attachDependencies: boolean;
  readonly prefix: boolean;
  readonly color: boolean;
  readonly timestamps: boolean;
  readonly cascade: 'exit' | 'failure' | undefined;
  readonly exitCodeFrom: string;
  readonly watch: boolean;
}

async function upAttached(
  context: Context,
  session: OpenSession,
  options: UpOptions,
  attachment: Attachment,
): Promise<number> {
  const { project } = session;
  const named = new Set(options.services);
  const isShown = ({ service, oneOff }: Observed): boolean => {
    if (oneOff || attachment.noAttach.includes(service)) return false;
    if (attachment.attach.length > 0) return attachment.attach.includes(service);
    if (named.size > 0 && !named.has(service) && !attachment.attachDependencies) return false;
    return project.services.get(service)?.attach !== false;
  };
  let exitCode = 0;
  let ending: Promise<void> | undefined;
  const end = (): void => {
    ending ??= stopAll(context, session, options);
    ending.catch(() => {});
  };
  const onExit = (container: Observed, code: number): void => {
    const counts = attachment.exitCodeFrom === '' ? !ending : container.service === attachment.exitCodeFrom;
    if (attachment.cascade && counts) exitCode = code;
    if (attachment.cascade === 'exit' || (attachment.cascade === 'failure' && code !== 0)) {
      if (!ending) context.warn('Aborting on container exit...');
      end();
    }
  };
  let printer: LogPrinter | undefined;
  // Every container is followed for its end; only those that are shown are printed.
  await using follower = new Follower(
    { ...session, signal: new AbortController().signal },
    { wanted: ({ oneOff }) => !oneOff, timestamps: attachment.timestamps },
    {
      line: async (container, line) => {
        if (isShown(container)) await printer?.line(container, line);
      },
      exited: (container, code) => {
        if (isShown(container)) printer?.exited(container, code);
        onExit(container, code);
      },
    },
  );
  // An interrupt ends what is still being started, and then stops what runs.
  const starting = new AbortController();
  const interrupts = handleInterrupts(context, session, () => {
    starting.abort(new PouchError('cancelled', 'interrupted'));
    end();
  });
  try {
    const now = String(Date.now() / 1000);
    await up(
      { ...session, signal: starting.signal },
      {
        ...options,
        beforeStart: async (containers) => {
          const shown = containers.filter(isShown);
          const names = shown.map((one) => logName(one, project.name));
          printer = new LogPrinter(context, project.name, {
            prefix: attachment.prefix,
            color: attachment.color,
            exits: true,
            names,
          });
          session.endProgress();
          context.print(`Attaching to ${names.join(', ')}`);
          await follower.open();
          await follower.expect(containers.filter(({ state }) => state !== 'running'));
          for (const one of containers) if (one.state === 'running') follower.follow(one, { since: now });
        },
      },
    ).catch((error: unknown) => {
      if (!ending) throw error;
    });
    const watching = new AbortController();
    const work = attachment.watch
      ? watch(
          { ...session, signal: AbortSignal.any([session.signal, watching.signal]) },
          { services: options.services, report: (line) => context.warn(line) },
        )
      : Promise.resolve();
    await follower.ended();
    watching.abort();
    await all([work, ending ?? Promise.resolve()]);
  } finally {
    interrupts[Symbol.dispose]();
  }
  return interrupts.interrupted ? 130 : exitCode;
}

async function stopAll(context: Context, session: OpenSession, options: UpOptions): Promise<void> {
  const calm = { ...session, signal: new AbortController().signal };
  await stop(calm, [], options.timeout).catch((error: unknown) => {
    context.warn(error instanceof Error ? error.message : String(error));
  });
}

interface Interrupts extends Disposable {
  readonly interrupted: boolean;
}

/** The first interrupt stops the containers, the second kills them, the third ends us. */
function handleInterrupts(context: Context, session: OpenSession, end: () => void): Interrupts {
  let count = 0;
  const handle = (): void => {
    count += 1;
    if (count === 1) {
      context.warn('Gracefully Stopping... press Ctrl+C again to force');
      end();
    } else if (count === 2) {
      context.warn('Killing...');
      killAll(session).catch((error: unknown) => context.warn(String(error)));
    } else process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, handle);
  return {
    get interrupted() {
      return count > 0;
    },
    [Symbol.dispose]: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, handle);
    },
  };
}
