import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { PouchError, readTextIfExists, writeFileAtomic } from '@pouch/base';
import { DEFAULT_DOMAIN, JsonReader } from '@pouch/oci';
import { CredentialHelper } from './credential-helper.ts';
import type { RegistryCredentials } from './credentials.ts';
import { DOCKER_HUB_SERVER, registryDomain } from './settings.ts';

const CONFIG_LIMIT = 4 * 1024 * 1024;

/** `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
export function dockerConfigPath(): string {
  return join(process.env.DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json');
}

/**
 * Docker's client configuration, as far as credentials go: `auths`, `credHelpers`, `credsStore`. Read anew at each call, and
 * written back with everything else in it kept.
 */
export class DockerConfig {
  readonly path: string;

  constructor(path: string = dockerConfigPath()) {
    this.path = path;
  }

  /** The credentials for a registry domain of a reference, or undefined. Throws when the file or a helper is broken. */
  async get(domain: string): Promise<RegistryCredentials | undefined> {
    const document = await this.#read();
    const helper = helperFor(document, domain);
    if (helper) {
      const found = await helper.get(serverAddress(domain));
      if (found) return found;
    }
    return readAuths(document).get(domain);
  }

  /** All credentials, by domain. A helper that fails is left out, since one broken helper must not stop the others. */
  async getAll(): Promise<Map<string, RegistryCredentials>> {
    const document = await this.#read();
    const all = readAuths(document);
    const store = document.get('credsStore').optionalString();
    const servers = store ? await new CredentialHelper(store).list().catch(() => []) : [];
    const domains = [
      ...servers,
      ...document
        .get('credHelpers')
        .entries()
        .map(([server]) => server),
    ].map(registryDomain);
    for (const domain of new Set(domains)) {
      const found = await helperFor(document, domain)
        ?.get(serverAddress(domain))
        .catch(() => undefined);
      if (found) all.set(domain, found);
    }
    return all;
  }

  /** Keep credentials, in the helper that is set up for the domain, else in the file itself (mode 0600). */
  async set(domain: string, credentials: RegistryCredentials): Promise<void> {
    const document = await this.#read();
    const server = serverAddress(domain);
    const helper = helperFor(document, domain);
    await helper?.store(server, credentials);
    const { username = '', password = '', identitytoken } = credentials;
    const auth = Buffer.from(`${username}:${identitytoken ? '' : password}`).toString('base64');
    await this.#writeAuth(document, domain, helper ? {} : { auth, ...(identitytoken && { identitytoken }) });
  }

  /** Forget them. True when there were any. */
  async remove(domain: string): Promise<boolean> {
    const document = await this.#read();
    const helper = helperFor(document, domain);
    const isInHelper = helper !== undefined && (await helper.get(serverAddress(domain))) !== undefined;
    if (isInHelper) await helper.erase(serverAddress(domain));
    const isInFile = document
      .get('auths')
      .entries()
      .some(([key]) => registryDomain(key) === domain);
    if (isInFile) await this.#writeAuth(document, domain, undefined);
    return isInHelper || isInFile;
  }

  async #read(): Promise<JsonReader> {
    return JsonReader.parse((await readTextIfExists(this.path)) || '{}', CONFIG_LIMIT, this.path);
  }

  async #writeAuth(document: JsonReader, domain: string, entry: object | undefined): Promise<void> {
    const kept = document
      .get('auths')
      .entries()
      .filter(([key]) => registryDomain(key) !== domain);
    const auths = Object.fromEntries(kept.map(([key, value]) => [key, value.value]));
    if (entry) auths[serverAddress(domain)] = entry;
    const others = Object.fromEntries(document.entries().map(([key, value]) => [key, value.value]));
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeFileAtomic(this.path, `${JSON.stringify({ ...others, auths }, undefined, '\t')}\n`, 0o600);
  }
}

/** A domain as config.json and helpers know it. */
export function serverAddress(domain: string): string {
  return domain === DEFAULT_DOMAIN ? DOCKER_HUB_SERVER : domain;
}

function helperFor(document: JsonReader, domain: string): CredentialHelper | undefined {
  const own = document
    .get('credHelpers')
    .entries()
    .find(([server]) => registryDomain(server) === domain);
  const name = own?.[1].string() || document.get('credsStore').optionalString();
  return name ? new CredentialHelper(name) : undefined;
}

function readAuths(document: JsonReader): Map<string, RegistryCredentials> {
  const found = new Map<string, RegistryCredentials>();
  for (const [server, entry] of document.get('auths').entries()) {
    const credentials = readAuth(entry);
    const domain = registryDomain(server);
    if (credentials && !found.has(domain)) found.set(domain, { ...credentials, serveraddress: server });
  }
  return found;
}

function readAuth(entry: JsonReader): RegistryCredentials | undefined {
  const text = (key: string): string | undefined => entry.get(key).optionalString() || undefined;
  const [identitytoken, registrytoken] = [text('identitytoken'), text('registrytoken')];
  const login = decodeAuth(entry) ?? { username: text('username'), password: text('password') };
  const { username, password } = login;
  if (!username && !identitytoken && !registrytoken) return undefined;
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(identitytoken !== undefined && { identitytoken }),
    ...(registrytoken !== undefined && { registrytoken }),
  };
}

/** `auth` is base64 of `user:password`; old clients padded it with NUL. */
function decodeAuth(entry: JsonReader): { username: string; password: string } | undefined {
  const auth = entry.get('auth').optionalString();
  if (!auth) return undefined;
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon <= 0) throw new PouchError('invalid-argument', `${entry.path}.auth is not base64 of user:password`);
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}
