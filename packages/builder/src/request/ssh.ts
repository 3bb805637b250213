import { statSync } from 'node:fs';
import { PouchError } from '@pouch/base';

/**
 * An SSH agent as Docker's clients write it: `ID`, `ID=SOCKET`; `default` alone is the agent of `SSH_AUTH_SOCK`. Throws
 * `invalid-argument` where there is none, and `unsupported` for the file of a key.
 */
export function parseSsh(text: string, environment: NodeJS.ProcessEnv): readonly [id: string, socket: string] {
  const at = text.indexOf('=');
  const id = (at < 0 ? text : text.slice(0, at)) || 'default';
  const path = at < 0 ? (environment['SSH_AUTH_SOCK'] ?? '') : text.slice(at + 1);
  if (path === '') {
    throw new PouchError(
      'invalid-argument',
      `--ssh ${text}: no SSH agent is running here (SSH_AUTH_SOCK is not set): start one with 'eval $(ssh-agent)', or name its socket`,
    );
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new PouchError('invalid-argument', `--ssh ${text}: there is no ${path}`);
  if (!stat.isSocket()) {
    throw new PouchError(
      'unsupported',
      `--ssh ${text}: ${path} is no agent's socket: add the key to an agent with ssh-add, and name that`,
    );
  }
  return [id, path];
}
