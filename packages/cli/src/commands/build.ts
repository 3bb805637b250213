import { command } from '../app/command.ts';
import { UsageError } from '../app/errors.ts';
import { buildFlags } from '../build/build-flags.ts';

const STYLES: readonly string[] = ['auto', 'plain', 'tty', 'quiet'];

export default command({
  usage: '[OPTIONS] PATH | URL | -',
  args: { min: 1, max: 1 },
  description:
    'PATH is a directory with a Dockerfile; what its .dockerignore names is not sent. URL is an archive, a Dockerfile or a git repository that the daemon fetches. - reads an archive or a Dockerfile from standard input. BuildKit builds where the daemon has it, or else the classic builder, which also does what only it can: limits of RUN, and networks with a name.',
  examples: [
    { command: 'pouch build -t app .', does: 'from the Dockerfile here' },
    {
      command: 'pouch build -t app:test --target test --build-arg VERSION=3 .',
      does: 'one stage of it, with an argument',
    },
    { command: 'pouch build -t tool - < Dockerfile', does: 'without any files' },
    { command: 'pouch build -o dist --target binaries .', does: 'files instead of an image' },
    { command: 'pouch build --secret id=token,env=TOKEN --ssh default .', does: 'with a secret and an SSH agent' },
  ],
  complete: 'file',
  flags: buildFlags,
  async run(context, flags, [place = ''], given) {
    if (!STYLES.includes(flags.progress)) throw new UsageError(`--progress is one of ${STYLES.join(', ')}`);
    const { chooseBuilder } = await import('../build/choose-builder.ts');
    if ((await chooseBuilder(context, flags, given)) === 'classic') {
      const { buildClassic } = await import('../build/classic-build.ts');
      return await buildClassic(context, flags, place);
    }
    const { buildWithBuildKit } = await import('../build/kit-build.ts');
    return await buildWithBuildKit(context, flags, place);
  },
});
