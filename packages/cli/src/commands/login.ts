import { isErrorCode } from '@pouch/base';
import { command } from '../app/command.ts';
import type { Context } from '../app/context.ts';
import { ExitError } from '../app/errors.ts';
import { readLine } from '../app/targets.ts';
import { configPath } from '../auth/config-file.ts';
import { credentialsOf, storeCredentials } from '../auth/credentials.ts';
import { readSecret } from '../auth/secret.ts';
import { bool, str } from '../flags/types.ts';
import { DOCKER_HUB } from '../image/reference.ts';
import { stdinIsTerminal } from '../stream/terminal.ts';

export default command({
  usage: '[OPTIONS] [SERVER]',
  args: { min: 0, max: 1 },
  description: 'Without a server, it is Docker Hub. Credentials are kept in ~/.docker/config.json or in its helper.',
  examples: [
    { command: 'pouch login registry.local:5000', does: 'asks for name and password' },
    { command: 'cat token | pouch login -u me --password-stdin registry.local:5000', does: 'asks nothing' },
  ],
  complete: 'none',
  flags: {
    password: str('Password or access token (others on this machine may see it)', { short: 'p' }),
    'password-stdin': bool('Read the password from standard input'),
    username: str('User name', { short: 'u' }),
  },
  async run(context, flags, [given], set) {
    const server = serverName(given);
    if (set.has('password')) {
      context.warn('WARNING! Using --password via the CLI is insecure. Use --password-stdin.');
      if (flags['password-stdin']) throw new ExitError(1, '--password and --password-stdin are mutually exclusive');
    }
    if (flags['password-stdin'] && flags.username === '') {
      throw new ExitError(1, 'Must provide --username with --password-stdin');
    }
    const { username, password } = await credentials(context, server, flags);
    const answer = await context.client.system
      .login({ username, password, serveraddress: server })
      .catch((error: unknown) => {
        if (isErrorCode(error, 'unauthenticated'))
          throw new ExitError(1, `Error response from daemon: ${error.message}`);
        throw error;
      });
    const identity = answer.IdentityToken;
    const { plainText } = await storeCredentials(context, {
      username,
      serveraddress: server,
      ...(identity ? { identitytoken: identity } : { password }),
    });
    if (plainText) {
      context.warn(
        `\nWARNING! Your credentials are stored unencrypted in '${configPath(context)}'.\n` +
          "Configure a credential helper ('credsStore' in that file) to remove this warning.\n",
      );
    }
    context.print(answer.Status || 'Login Succeeded');
  },
});

interface Given {
  readonly username: string;
  readonly password: string;
  readonly 'password-stdin': boolean;
}

async function credentials(
  context: Context,
  server: string,
  flags: Given,
): Promise<{ username: string; password: string }> {
  if (flags['password-stdin']) {
    let text = '';
    for await (const chunk of process.stdin) text += String(chunk);
    return { username: flags.username, password: text.replace(/\r?\n$/, '') };
  }
  if (flags.username && flags.password) return { username: flags.username, password: flags.password };
  const known = await credentialsOf(context, server);
  if (known?.username && known.password && flags.username === '' && flags.password === '') {
    context.print('Authenticating with existing credentials...');
    return { username: known.username, password: known.password };
  }
  if (!stdinIsTerminal()) throw new ExitError(1, 'Error: Cannot perform an interactive login from a non TTY device');
  let { username } = flags;
  if (username === '') {
    context.stdout.write(known?.username ? `Username (${known.username}): ` : 'Username: ');
    username = (await readLine())?.trim() || known?.username || '';
    if (username === '') throw new ExitError(1, 'username is required');
  }
  const password = flags.password || (await readSecret(context, 'Password: '));
  if (password === '') throw new ExitError(1, 'password is required');
  return { username, password };
}

/** A registry's name as it is filed: the host, or Docker Hub's old address. */
export function serverName(given: string | undefined): string {
  if (
    given === undefined ||
    given === '' ||
    /^(https?:\/\/)?(index\.|registry-1\.)?docker\.io\/?(v[12]\/?)?$/.test(given)
  ) {
    return DOCKER_HUB;
  }
  return given.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}
