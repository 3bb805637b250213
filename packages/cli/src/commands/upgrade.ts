import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { credentialsFor } from '../auth/credentials.ts';
import { duration, list, optionalInt, str, bool } from '../flags/types.ts';
import { pullImage } from '../image/pull.ts';

export default command({
  usage: '[OPTIONS] CONTAINER [COMMAND] [ARG...]',
  args: { min: 1 },
  examples: [
    {
      command: 'pouch upgrade --image web:2 --watch 30s web',
      does: 'go to web:2; back by itself if that fails within 30 s',
    },
    { command: 'pouch upgrade --rollback web', does: 'go back to what it was before the last upgrade' },
  ],
  complete: 'container',
  interspersed: false,
  flags: {
    image: str('The new image'),
    entrypoint: str("Program to run in place of the image's entrypoint"),
    env: list('More variables: NAME=value', { short: 'e' }),
    pull: str('When to pull the image first: always, missing, never', {
      default: 'missing',
      values: ['always', 'missing', 'never'],
    }),
    quiet: bool('Print no pull progress', { short: 'q' }),
    rollback: bool('Go back to what it was before the last upgrade'),
    timeout: optionalInt('Seconds before the old one is killed', { short: 't' }),
    watch: duration('How long the new one must run without failing (default 10s)'),
  },
  async run(context, flags, args, given) {
    const [name = '', ...words] = args;
    if (flags.rollback === (flags.image !== '')) throw new UsageError('give --image or --rollback');
    if (flags.image !== '' && flags.pull !== 'never') {
      const there = flags.pull === 'missing' && (await isHere(context.client.images.inspect(flags.image)));
      if (!there) await pullImage(context, flags.image, { platform: '', quiet: flags.quiet, output: context.stderr });
    }
    const auth = flags.image === '' ? undefined : await credentialsFor(context, flags.image);
    const answer = await context.client.containers.upgrade(
      name,
      {
        ...(flags.rollback ? { Rollback: true } : { Image: flags.image }),
        ...(words.length > 0 && { Cmd: words }),
        ...(flags.entrypoint !== '' && { Entrypoint: [flags.entrypoint] }),
        ...(flags.env.length > 0 && { Env: [...flags.env] }),
        ...(flags.timeout !== undefined && { StopTimeout: flags.timeout }),
        ...(given.has('watch') && { Watch: flags.watch }),
      },
      auth ? { auth } : {},
    );
    context.stdout.write(`${name}\n`);
    context.warn(`was ${answer.Previous}, down for ${Math.round(answer.Downtime / 1e6)} ms`);
    return 0;
  },
});

async function isHere(found: Promise<unknown>): Promise<boolean> {
  return await found.then(
    () => true,
    () => false,
  );
}
