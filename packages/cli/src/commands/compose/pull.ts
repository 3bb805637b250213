import { all, imageOf, pullImage, selectServices } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  examples: [{ command: 'pouch compose pull --ignore-buildable', does: 'what cannot be built here' }],
  flags: {
    'ignore-buildable': bool('Leave out services that can be built'),
    'ignore-pull-failures': bool('Go on when an image cannot be pulled'),
    'include-deps': bool('Also what the services depend on'),
    policy: str('Pull always, or only what is missing', { values: ['always', 'missing'] }),
    quiet: bool('Show no progress', { short: 'q' }),
  },
  async run(context, flags, names) {
    using session = await openSession(context, { title: 'Pulling', services: names, quiet: flags.quiet });
    const { project, client, progress } = session;
    const services = selectServices(project, names, { dependencies: flags['include-deps'] });
    const images = new Map<string, string>();
    for (const service of services) {
      const image = imageOf(project, service);
      if (service.build && (flags['ignore-buildable'] || service.image === undefined)) {
        if (!flags['ignore-buildable']) progress.step(`Image ${image}`, 'Skipped', 'warning', 'it is built');
        continue;
      }
      if (service.pull_policy === 'never' || service.pull_policy === 'build') continue;
      images.set(image, service.platform ?? '');
    }
    const present = async (image: string): Promise<boolean> =>
      await client.images.inspect(image).then(
        () => true,
        () => false,
      );
    await all(
      [...images].map(async ([image, platform]) => {
        if (flags.policy === 'missing' && (await present(image))) {
          progress.step(`Image ${image}`, 'Present', 'done');
          return;
        }
        await pullImage(session, image, platform, flags.quiet).catch((error: unknown) => {
          if (!flags['ignore-pull-failures']) throw error;
        });
      }),
    );
  },
});
