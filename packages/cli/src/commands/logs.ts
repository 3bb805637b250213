import { demultiplex } from '@pouch/client';
import { command } from '../app/command.ts';
import { bool, str } from '../flags/types.ts';
import { apiTime } from '../output/api-time.ts';

export default command({
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  examples: [
    { command: 'pouch logs -f --tail 100 web', does: 'the last hundred lines, and what comes' },
    { command: 'pouch logs --since 10m -t web', does: 'the last ten minutes, with times' },
  ],
  complete: 'container',
  flags: {
    details: bool('Show the extra fields that the log driver kept'),
    follow: bool('Go on with what comes', { short: 'f' }),
    since: str('Only from this moment on: a time, or 10m for ten minutes ago'),
    tail: str('Number of lines from the end, or all', { short: 'n', default: 'all' }),
    timestamps: bool('Show when each line was written', { short: 't' }),
    until: str('Only before this moment'),
  },
  async run(context, flags, [id = '']) {
    const { containers } = context.client;
    const response = await containers.logs(id, {
      stdout: true,
      stderr: true,
      follow: flags.follow,
      timestamps: flags.timestamps,
      details: flags.details,
      tail: flags.tail,
      ...(flags.since && { since: apiTime(flags.since) }),
      ...(flags.until && { until: apiTime(flags.until) }),
    });
    const framed = response.headers.get('content-type') === 'application/vnd.docker.multiplexed-stream';
    if (!framed) {
      for await (const chunk of response.body) await context.stdout.stream(chunk);
      return;
    }
    await demultiplex(response.body, (stream, data) => context[stream].stream(data));
  },
});
