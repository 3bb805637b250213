import { containersOf, type Observed, orphansOf, observe } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { UsageError } from '../../app/errors.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, filter, format, list } from '../../flags/types.ts';
import { containerRow } from '../../list/container-row.ts';
import { printRows, type Row } from '../../output/rows.ts';

const HEADERS = {
  Name: 'NAME',
  Image: 'IMAGE',
  Command: 'COMMAND',
  Service: 'SERVICE',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  Ports: 'PORTS',
  ID: 'CONTAINER ID',
  Project: 'PROJECT',
  State: 'STATE',
  Health: 'HEALTH',
  ExitCode: 'EXIT CODE',
};
const TABLE = '{{.Name}}\t{{.Image}}\t{{.Command}}\t{{.Service}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}';
const STATES = ['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited'];

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [
    { command: 'pouch compose ps -a', does: 'also those that have stopped' },
    { command: 'pouch compose ps --format json', does: 'an object per line' },
  ],
  flags: {
    all: bool('Also those that do not run', { short: 'a' }),
    filter: filter('Only those that match: status='),
    format: format(),
    'no-trunc': bool('Print long ids and commands whole'),
    orphans: bool('Also those of services that the files do not have', { default: true }),
    quiet: bool('Print only ids', { short: 'q' }),
    services: bool('Print only the names of services'),
    status: list(`Only those in a state: ${STATES.join(', ')}`, {
      values: STATES,
      check: (text) => {
        if (!STATES.includes(text)) throw new UsageError(`invalid status: ${text}`);
        return text;
      },
    }),
  },
  async run(context, flags, services) {
    using session = await openSession(context, { title: 'List', fromContainers: true, quiet: true, services });
    const { project } = session;
    const own = await containersOf(session, services, { oneOff: true });
    const orphans =
      services.length === 0 && flags.orphans ? orphansOf(project, await observe(session.client, project.name)) : [];
    const states = [...flags.status, ...(flags.filter['status'] ?? [])];
    const found = [...own, ...orphans].filter(
      ({ state }) =>
        (flags.all || states.length > 0 || state === 'running' || state === 'paused' || state === 'restarting') &&
        (states.length === 0 || states.includes(state)),
    );
    if (flags.services) {
      for (const name of new Set(found.map(({ service }) => service))) context.print(name);
      return;
    }
    const rows = found.map((one) => row(one, project.name, !flags['no-trunc']));
    printRows(context, rows, {
      format: flags.format,
      table: TABLE,
      headers: HEADERS,
      only: flags.quiet ? 'ID' : undefined,
    });
  },
});

function row(container: Observed, project: string, truncate: boolean): Row {
  const { summary, name, service } = container;
  const base = containerRow(summary, truncate);
  const exit = /^Exited \((\d+)\)/.exec(summary.Status)?.[1];
  return {
    ...base,
    ID: summary.Id,
    Name: name,
    Service: service,
    Project: project,
    Health: /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(summary.Status)?.[1] ?? '',
    ExitCode: Number(exit ?? 0),
    Publishers: summary.Ports.map(({ IP = '', PrivatePort, PublicPort = 0, Type }) => ({
      URL: IP,
      TargetPort: PrivatePort,
      PublishedPort: PublicPort,
      Protocol: Type,
    })),
  };
}
