import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { errorMessage } from '@pouch/base';
import { command } from '../app/command.ts';
import { ExitError } from '../app/errors.ts';
import { bool, str } from '../flags/types.ts';
import { showProgress } from '../output/progress.ts';
import { stdinIsTerminal } from '../stream/terminal.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch load -i app.tar', does: 'from a file' },
    { command: 'gunzip -c app.tar.gz | pouch load', does: 'from a pipe' },
  ],
  complete: 'none',
  flags: {
    input: str('Read this file', { short: 'i', complete: 'file' }),
    platform: str('Only this platform of the image: os[/arch[/variant]]'),
    quiet: bool('Print no progress', { short: 'q' }),
  },
  async run(context, flags) {
    if (flags.input === '' && stdinIsTerminal()) {
      throw new ExitError(1, 'requested load from stdin, but stdin is empty');
    }
    if (flags.input) {
      await stat(flags.input).catch((error: unknown) => {
        throw new ExitError(1, `open ${flags.input}: ${errorMessage(error)}`);
      });
    }
    const tar: AsyncIterable<Uint8Array> = flags.input ? createReadStream(flags.input) : process.stdin;
    const [os = '', architecture = '', variant] = flags.platform.split('/');
    const stream = await context.client.images.load(tar, {
      quiet: flags.quiet || !context.stdout.isTerminal,
      ...(flags.platform && { platform: JSON.stringify({ os, architecture, ...(variant && { variant }) }) }),
    });
    await showProgress(stream, context.stdout);
  },
});
