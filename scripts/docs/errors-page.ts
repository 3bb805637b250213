import { ERROR_CATALOGUE, type ErrorCode } from '@pouch/base';
import { code, generatedFrom, page, table } from './markdown.ts';

/** What each kind of failure means. A new code without its line here does not compile. */
const MEANING: Readonly<Record<ErrorCode, string>> = {
  'invalid-argument': 'The request is wrong in itself: a name, a number, a combination of options.',
  unauthenticated: 'Credentials are missing or wrong.',
  'permission-denied': 'It is known who asks, and it is not allowed.',
  'not-found': 'There is no container, image, network, volume or file of that name.',
  'method-not-allowed': 'The path exists, but not with this method.',
  conflict: 'The object is in a state that does not allow it, or another one is in the way.',
  'already-exists': 'The name is taken.',
  'too-large': 'The body or a header is larger than is accepted.',
  'not-modified':
    'It is already as it was asked to be: a container that runs is started, one that stands still is stopped.',
  'command-not-executable': 'The command is in the container, but cannot be executed.',
  'command-not-found': 'The command is not in the container.',
  unsupported: 'The host cannot do it; the message names what is missing and what to install.',
  upstream: 'A registry, a plugin or the OCI runtime answered with an error.',
  unavailable: 'A part that is needed does not answer at present, or the daemon is stopping.',
  'deadline-exceeded': 'It took longer than it may.',
  cancelled: 'Whoever asked went away.',
  'data-loss': 'A checksum does not match, or a stored record cannot be read.',
  internal: 'A fault of Pouch. The log of the daemon has more.',
};

export function errorsPage(): string {
  return page(
    generatedFrom('the catalogue in packages/base/src/errors.ts'),
    '# Errors',
    'Every failure has one code, and each way out has its own number for it. A message says what was asked, what failed and what to do.',
    table(
      ['Code', 'HTTP', 'gRPC', '`pouch` ends with', 'What it means'],
      (Object.keys(ERROR_CATALOGUE) as ErrorCode[]).map((name) => {
        const { http, grpc, exit } = ERROR_CATALOGUE[name];
        return [code(name), String(http), String(grpc), String(exit), MEANING[name]];
      }),
    ),
    '## Exit codes of `pouch run`, `exec` and `start -a`',
    table(
      ['Code', 'What it means'],
      [
        ['125', 'Pouch could not do it: a wrong flag, no such image, no daemon.'],
        ['126', 'The command in the container cannot be executed.'],
        ['127', 'The command is not in the container.'],
        ['128 + N', 'The process was ended by signal N; 137 is SIGKILL, 143 is SIGTERM.'],
        ['any other', 'The exit code of the process itself.'],
      ],
    ),
  );
}
