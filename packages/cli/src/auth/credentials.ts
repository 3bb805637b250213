import type { AuthConfig } from '@pouch/api';
import { exec, PouchError } from '@pouch/base';
import type { Context } from '../app/context.ts';
import { DOCKER_HUB, registryOf } from '../image/reference.ts';
import { type AuthEntry, type ConfigFile, readConfigFile, writeConfigFile } from './config-file.ts';

const HELPER_NAME = /^[A-Za-z0-9._-]+$/;
const TOKEN_USER = '<token>';

/** The credentials for an image's registry, from config.json or its helper; undefined where there are none. */
export async function credentialsFor(context: Context, image: string): Promise<AuthConfig | undefined> {
  return await credentialsOf(context, registryOf(image));
}

export async function credentialsOf(context: Context, server: string): Promise<AuthConfig | undefined> {
  const config = readConfigFile(context);
  const helper = helperFor(config, server);
  if (helper !== undefined) {
    const found = await askHelper(helper, server);
    if (found) return found;
  }
  const entry = findEntry(config, server);
  return entry && decodeEntry(entry, server);
}

/** Of every registry that the user has logged in to: any may be named in a Dockerfile. */
export async function allCredentials(context: Context): Promise<Record<string, AuthConfig>> {
  const config = readConfigFile(context);
  const servers = new Set([...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {})]);
  const found: Record<string, AuthConfig> = {};
  for (const server of servers) {
    const auth = await credentialsOf(context, server);
    if (auth) found[server] = auth;
  }
  return found;
}

/** File credentials: with the server's helper, else in config.json. Says where they are. */
export async function storeCredentials(context: Context, auth: AuthConfig): Promise<{ readonly plainText: boolean }> {
  const server = auth.serveraddress ?? DOCKER_HUB;
  const config = readConfigFile(context);
  const helper = helperFor(config, server);
  const secret = auth.identitytoken ?? auth.password ?? '';
  if (helper !== undefined) {
    const username = auth.identitytoken ? TOKEN_USER : auth.username;
    await runHelper(helper, 'store', JSON.stringify({ ServerURL: server, Username: username, Secret: secret }));
    if (!config.auths?.[server])
      await writeConfigFile(context, { ...config, auths: { ...config.auths, [server]: {} } });
    return { plainText: false };
  }
  const user = auth.username ?? '';
  const entry: AuthEntry = auth.identitytoken
    ? { auth: Buffer.from(`${user}:`).toString('base64'), identitytoken: auth.identitytoken }
    : { auth: Buffer.from(`${user}:${secret}`).toString('base64') };
  await writeConfigFile(context, { ...config, auths: { ...config.auths, [server]: entry } });
  return { plainText: true };
}

/** Forget a server's credentials; false when there were none. */
export async function eraseCredentials(context: Context, server: string): Promise<boolean> {
  const config = readConfigFile(context);
  const names = Object.keys(config.auths ?? {}).filter((name) => sameServer(name, server));
  const helper = helperFor(config, server);
  if (helper !== undefined) await runHelper(helper, 'erase', server);
  if (names.length === 0) return helper !== undefined;
  const auths = Object.fromEntries(Object.entries(config.auths ?? {}).filter(([name]) => !names.includes(name)));
  await writeConfigFile(context, { ...config, auths });
  return true;
}

function helperFor(config: ConfigFile, server: string): string | undefined {
  const name = config.credHelpers?.[server] || config.credsStore;
  if (name && !HELPER_NAME.test(name)) {
    throw new PouchError('invalid-argument', `config.json names a credential helper that cannot be one: '${name}'`);
  }
  return name || undefined;
}

async function askHelper(helper: string, server: string): Promise<AuthConfig | undefined> {
  const text = await runHelper(helper, 'get', server);
  if (text === undefined) return undefined;
  const found = JSON.parse(text) as { Username?: string; Secret?: string };
  if (!found.Secret) return undefined;
  if (found.Username === TOKEN_USER) return { identitytoken: found.Secret, serveraddress: server };
  return { username: found.Username ?? '', password: found.Secret, serveraddress: server };
}

/** Run docker-credential-HELPER; undefined when it has nothing for that server. */
async function runHelper(helper: string, action: string, input: string): Promise<string | undefined> {
  const result = await exec(`docker-credential-${helper}`, [action], { input, allowFailure: true });
  if (result.code === 0) return result.stdout;
  const said = (result.stdout + result.stderr).trim();
  if (/credentials not found/i.test(said)) return undefined;
  throw new PouchError(
    'upstream',
    `docker-credential-${helper} ${action} failed: ${said || `exit code ${result.code}`}`,
  );
}

function findEntry(config: ConfigFile, server: string): AuthEntry | undefined {
  const auths = config.auths ?? {};
  return auths[server] ?? Object.entries(auths).find(([name]) => sameServer(name, server))?.[1];
}

/** Old files have `https://host/v1/` where newer ones have `host`. */
function sameServer(a: string, b: string): boolean {
  const host = (text: string): string => text.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host(a) === host(b);
}

function decodeEntry(entry: AuthEntry, server: string): AuthConfig | undefined {
  const decoded = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .replaceAll('\0', '');
  const colon = decoded.indexOf(':');
  const username = entry.username ?? (colon < 0 ? '' : decoded.slice(0, colon));
  const password = entry.password ?? (colon < 0 ? '' : decoded.slice(colon + 1));
  if (!username && !entry.identitytoken && !entry.registrytoken) return undefined;
  return {
    username,
    password,
    serveraddress: server,
    ...(entry.identitytoken && { identitytoken: entry.identitytoken }),
    ...(entry.registrytoken && { registrytoken: entry.registrytoken }),
  };
}
