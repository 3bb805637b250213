import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { errorMessage } from '@pouch/base';
import { command } from '../app/command.ts';
import { ExitError } from '../app/errors.ts';
import { list, str } from '../flags/types.ts';
import { parseReference } from '../image/reference.ts';
import { showProgress } from '../output/progress.ts';

export default command({
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  args: { min: 1, max: 2 },
  examples: [
    { command: 'pouch import rootfs.tar debian:mine', does: 'from a file' },
    { command: 'tar c -C root . | pouch import -c \'CMD ["/bin/sh"]\' - tiny', does: 'from a pipe, with a command' },
  ],
  complete: ['file', 'image'],
  flags: {
    change: list('Dockerfile instruction to apply: CMD, ENV, EXPOSE, …', { short: 'c' }),
    message: str('What it is', { short: 'm' }),
    platform: str('Platform to note in the image: os[/arch[/variant]]'),
  },
  async run(context, flags, [source = '', target = '']) {
    const isUrl = /^https?:\/\//.test(source);
    if (!isUrl && source !== '-') {
      await stat(source).catch((error: unknown) => {
        throw new ExitError(1, `open ${source}: ${errorMessage(error)}`);
      });
    }
    const body: AsyncIterable<Uint8Array> | undefined = isUrl
      ? undefined
      : source === '-'
        ? process.stdin
        : createReadStream(source);
    const { name, tag } = parseReference(target);
    const stream = await context.client.images.import(isUrl ? source : '-', {
      ...(name && { repo: name }),
      ...(tag && { tag }),
      ...(flags.message && { message: flags.message }),
      ...(flags.platform && { platform: flags.platform }),
      changes: flags.change,
      ...(body && { body }),
    });
    await showProgress(stream, context.stdout);
  },
});
