import { cell, code, generatedFrom, page, table } from './markdown.ts';
import { OWN_FLAGS, POUCH_FLAGS } from './pouch-flags.ts';

const names = (flags: string): string => flags.split(', ').map(code).join(', ');

/** Which of the first Pouch's flags there are, and what each limit is made of. */
export function limitsPage(): string {
  return page(
    generatedFrom('the tables of scripts/docs/pouch-flags.ts'),
    '# Limits beyond Docker’s',
    '`pouch info` shows under Features what a host can do. What it cannot do is refused with the reason.',
    '## Flags of alibaba/pouch',
    table(
      ['There', 'Here', 'How, or why not'],
      POUCH_FLAGS.map(({ flag, here, how }) => [names(flag), here === '' ? 'refused' : names(here), cell(how)]),
    ),
    '## More',
    table(
      ['Flag', 'How'],
      OWN_FLAGS.map(({ flag, how }) => [names(flag), cell(how)]),
    ),
  );
}
