import { LABEL } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, str } from '../../flags/types.ts';
import { apiTime } from '../../output/api-time.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [{ command: 'pouch compose events --json web', does: 'an object per line' }],
  flags: {
    json: bool('Print objects, one per line'),
    since: str('Also what happened since this moment: a time, or 10m for ten minutes ago'),
    until: str('Up to this moment'),
  },
  async run(context, flags, services) {
    using session = await openSession(context, {
      title: 'Events',
      fromContainers: true,
      quiet: true,
      keepInterrupts: true,
    });
    const events = context.client.system.events({
      filters: { type: ['container'], label: [`${LABEL.project}=${session.project.name}`] },
      ...(flags.since && { since: apiTime(flags.since) }),
      ...(flags.until && { until: apiTime(flags.until) }),
    });
    for await (const { Actor: actor, Action: action, time, timeNano } of events) {
      const attributes = actor.Attributes;
      const service = attributes[LABEL.service] ?? '';
      if (services.length > 0 && !services.includes(service)) continue;
      const own = Object.entries(attributes).filter(([key]) => !key.startsWith('com.docker.compose.'));
      const at = new Date(timeNano === undefined ? time * 1000 : timeNano / 1e6).toISOString();
      if (flags.json) {
        context.print(
          JSON.stringify({
            time: at,
            type: 'container',
            action,
            id: actor.ID,
            service,
            attributes: Object.fromEntries(own),
          }),
        );
      } else {
        const shown = own.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `${key}=${value}`);
        context.print(`${at.replace('T', ' ').replace('Z', '')} container ${action} ${actor.ID} (${shown.join(', ')})`);
      }
    }
  },
});
