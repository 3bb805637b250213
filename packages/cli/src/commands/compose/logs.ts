import { containersOf, Follower, type LogLine, type Observed, readLog } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { LogPrinter, logName } from '../../compose/log-printer.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, optionalInt, str } from '../../flags/types.ts';
import { apiTime } from '../../output/api-time.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [
    { command: 'pouch compose logs -f --tail 20 web db', does: 'the last lines of two services, and what comes' },
  ],
  flags: {
    follow: bool('Go on with what comes', { short: 'f' }),
    index: optionalInt('Only the container with this number'),
    'no-color': bool('Print names without colours'),
    'no-log-prefix': bool('Print lines without names'),
    since: str('Only from this moment on: a time, or 10m for ten minutes ago'),
    tail: str('Number of lines from the end of each, or all', { short: 'n', default: 'all' }),
    timestamps: bool('Show when each line was written', { short: 't' }),
    until: str('Only before this moment'),
  },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'Logs', services, fromContainers: true, quiet: true });
    const all = await containersOf(session, services);
    const wanted = ({ service, number, oneOff }: Observed): boolean =>
      !oneOff &&
      (services.length === 0 || services.includes(service)) &&
      (flags.index === undefined || number === flags.index);
    const containers = all.filter(wanted);
    const printer = new LogPrinter(context, session.project.name, {
      prefix: !flags['no-log-prefix'],
      color: context.stdout.color && !flags['no-color'],
      exits: flags.follow,
      names: containers.map((one) => logName(one, session.project.name)),
    });
    const options = {
      tail: flags.tail,
      timestamps: flags.timestamps,
      ...(flags.since && { since: apiTime(flags.since) }),
      ...(flags.until && { until: apiTime(flags.until) }),
    };
    if (!flags.follow) {
      const print = async (container: Observed): Promise<void> =>
        await readLog(session, container.id, options, (line: LogLine) => printer.line(container, line));
      await Promise.all(containers.map(print));
      return;
    }
    await using follower = new Follower(session, { wanted, timestamps: flags.timestamps }, printer);
    await follower.open();
    await follower.expect(containers.filter(({ state }) => state !== 'running'));
    for (const container of containers) follower.follow(container, options);
    const interrupted = new Promise<void>((resolve) => session.signal.addEventListener('abort', () => resolve()));
    await Promise.race([follower.ended(), interrupted]);
  },
});
