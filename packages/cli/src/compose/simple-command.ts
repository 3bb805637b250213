import type { Session } from '@pouch/compose';
import { type Command, command, type Example } from '../app/command.ts';
import type { Flags, FlagValues } from '../flags/flag.ts';
import { openSession } from './open-session.ts';

/** A command that does one thing to the containers of the named services, or of all. */
export function onServices<F extends Flags>(spec: {
  readonly title: string;
  readonly examples: readonly Example[];
  readonly flags: F;
  readonly run: (session: Session, services: readonly string[], flags: FlagValues<F>) => Promise<void>;
}): Command {
  return command({
    usage: '[OPTIONS] [SERVICE...]',
    args: { min: 0 },
    examples: spec.examples,
    flags: spec.flags,
    async run(context, flags, services) {
      using session = await openSession(context, { title: spec.title, fromContainers: true, services });
      await spec.run(session, services, flags);
    },
  });
}
