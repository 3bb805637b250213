import type { Context } from '../app/context.ts';
import { credentialsFor } from '../auth/credentials.ts';
import type { Output } from '../output/output.ts';
import { showProgress } from '../output/progress.ts';
import { familiarName, parseReference } from './reference.ts';

export interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  /** Every tag of the repository. */
  readonly allTags?: boolean;
  /** Where the progress is shown. */
  readonly output: Output;
}

/** Pull an image and show how it goes. */
export async function pullImage(context: Context, image: string, options: PullOptions): Promise<void> {
  const { name, tag, digest } = parseReference(options.allTags ? image : familiarName(image));
  const auth = await credentialsFor(context, image);
  const stream = await context.client.images.pull(name, digest || tag, {
    platform: options.platform,
    ...(auth && { auth }),
  });
  await showProgress(stream, options.quiet ? undefined : options.output);
}
