import { buildImage, imageOf, selectServices, type Service } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { ExitError } from '../../app/errors.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, bytes, list, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [
    { command: 'pouch compose build --no-cache --build-arg V=2 web', does: 'one image from the first step on' },
  ],
  flags: {
    'build-arg': list('NAME=value for ARG of the Dockerfile; may be repeated'),
    builder: str('Name of a builder', { refused: 'the daemon builds' }),
    memory: bytes('Memory for each step, which the classic builder then does', { short: 'm' }),
    'no-cache': bool('Carry out every step anew'),
    pull: bool('Pull the images that the Dockerfiles start from'),
    push: bool('Push what was built', { refused: "use 'pouch push' afterwards" }),
    quiet: bool('Show no progress', { short: 'q' }),
    ssh: list('SSH agent for RUN --mount=type=ssh: default, or ID=SOCKET'),
    'with-dependencies': bool('Also what the services depend on'),
  },
  async run(context, flags, names) {
    using session = await openSession(context, { title: 'Building', services: names, quiet: flags.quiet });
    const services = selectServices(session.project, names, { dependencies: flags['with-dependencies'] });
    const args: Record<string, string | null> = {};
    for (const text of flags['build-arg']) {
      const at = text.indexOf('=');
      args[at < 0 ? text : text.slice(0, at)] = at < 0 ? null : text.slice(at + 1);
    }
    const ssh: Record<string, string | null> = {};
    for (const text of flags.ssh) {
      const at = text.indexOf('=');
      ssh[at < 0 ? text : text.slice(0, at)] = at < 0 ? null : text.slice(at + 1);
    }
    const buildable = services.filter(({ build }) => build !== undefined);
    if (buildable.length === 0 && names.length > 0) throw new ExitError(1, 'none of these services has a build');
    const done = new Set<string>();
    const build = async (service: Service): Promise<void> => {
      const image = imageOf(session.project, service);
      if (done.has(image)) return;
      done.add(image);
      await buildImage(session, service, image, {
        args,
        ssh,
        noCache: flags['no-cache'] || service.build?.no_cache === true,
        pull: flags.pull || service.build?.pull === true,
        ...(flags.memory > 0 && { memory: flags.memory }),
      });
    };
    for (const service of buildable) await build(service);
  },
});
