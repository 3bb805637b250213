import type { FlagValues } from '../flags/flag.ts';
import { bool, int, list, str } from '../flags/types.ts';

/** The flags between `compose` and its command. */
const COMPOSE_FLAGS = {
  'all-resources': bool('Include all resources, even those not used by services', { hidden: true }),
  ansi: str('When to print control characters', { values: ['auto', 'always', 'never'], default: 'auto' }),
  compatibility: bool('Old ways of naming', { refused: 'containers are named PROJECT-SERVICE-NUMBER' }),
  'dry-run': bool('Show what would be done', { refused: "use 'pouch compose config' to see what the files mean" }),
  'env-file': list('Read variables from a file instead of .env; may be repeated', { complete: 'file' }),
  file: list('A Compose file; the next ones change what the first says', { short: 'f', complete: 'file' }),
  parallel: int('How many things to do at once, -1 for no limit', { default: -1 }),
  profile: list('Also the services of this profile'),
  progress: str('How to show progress', { values: ['auto', 'tty', 'plain', 'quiet'], default: 'auto' }),
  'project-directory': str('What paths are relative to (default: the first file’s directory)', {
    complete: 'directory',
  }),
  'project-name': str('Name of the project', { short: 'p' }),
  workdir: str('Older name of --project-directory', { hidden: true }),
};

export type ComposeFlags = FlagValues<typeof COMPOSE_FLAGS>;

export default COMPOSE_FLAGS;
