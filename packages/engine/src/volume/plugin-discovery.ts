import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { errnoCode, PouchError } from '@pouch/base';

/** Where a plugin listens. */
export interface PluginAddress {
  readonly name: string;
  readonly socketPath?: string;
  /** For TCP: `http:` or `https:` with host and port. */
  readonly url?: URL;
  readonly tls?: {
    readonly insecure: boolean;
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
  };
}

export interface PluginDirectories {
  /** Directories of sockets: `NAME.sock` or `NAME/NAME.sock`. */
  readonly sockets: readonly string[];
  /** Directories of `NAME.spec` (an address) and `NAME.json` files. */
  readonly specs: readonly string[];
}

export const PLUGIN_DIRECTORIES: PluginDirectories = {
  sockets: ['/run/docker/plugins', '/run/pouch/plugins'],
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins', '/etc/pouch/plugins'],
};

/** Every plugin that can be found now, first come first served: sockets before files. Broken files are passed over. */
export async function discoverPlugins(directories: PluginDirectories): Promise<PluginAddress[]> {
  const found = new Map<string, PluginAddress>();
  for (const directory of directories.sockets) {
    for (const address of await socketsIn(directory)) if (!found.has(address.name)) found.set(address.name, address);
  }
  for (const directory of directories.specs) {
    for (const file of await list(directory)) {
      const name = basename(file, extname(file));
      if (found.has(name) || !/\.(spec|json)$/.test(file)) continue;
      const address = await readSpec(join(directory, file), name).catch(() => undefined);
      if (address) found.set(name, address);
    }
  }
  return [...found.values()];
}

async function socketsIn(directory: string): Promise<PluginAddress[]> {
  const addresses: PluginAddress[] = [];
  for (const entry of await list(directory)) {
    if (entry.endsWith('.sock')) addresses.push({ name: basename(entry, '.sock'), socketPath: join(directory, entry) });
    else if ((await list(join(directory, entry))).includes(`${entry}.sock`)) {
      addresses.push({ name: entry, socketPath: join(directory, entry, `${entry}.sock`) });
    }
  }
  return addresses;
}

async function readSpec(path: string, name: string): Promise<PluginAddress> {
  const text = (await readFile(path, 'utf8')).trim();
  if (path.endsWith('.spec')) return parseAddress(name, text);
  const json = JSON.parse(text) as { Name?: string; Addr?: string; TLSConfig?: Record<string, string | boolean> };
  const address = parseAddress(json.Name || name, json.Addr ?? '');
  const { TLSConfig: tls } = json;
  if (!tls || !address.url) return address;
  const file = (key: string): string | undefined => (typeof tls[key] === 'string' ? tls[key] : undefined);
  const [caFile, certFile, keyFile] = [file('CAFile'), file('CertFile'), file('KeyFile')];
  const url = new URL(address.url);
  url.protocol = 'https:';
  return {
    ...address,
    url,
    tls: {
      insecure: tls.InsecureSkipVerify === true,
      ...(caFile && { caFile }),
      ...(certFile && { certFile }),
      ...(keyFile && { keyFile }),
    },
  };
}

/** `unix:///path`, `tcp://host:port`, `http://…`, `https://…`. */
export function parseAddress(name: string, text: string): PluginAddress {
  if (text.startsWith('unix://')) return { name, socketPath: text.slice('unix://'.length) };
  const url = URL.parse(text.replace(/^tcp:/, 'http:'));
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new PouchError('invalid-argument', `The plugin ${name} has the address '${text}', which is none.`);
  }
  return { name, url };
}

async function list(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return [];
    throw error;
  }
}
