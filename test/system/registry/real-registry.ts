/** A docker-registry of our own, gone with its directory when disposed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@pouch/base';

export interface RealRegistryOptions {
  readonly auth?: { readonly username: string; readonly password: string };
  readonly tls?: boolean;
  /** An IPv4 address of this host to listen on. Default 127.0.0.1. */
  readonly address?: string;
}

const LOOPBACK = '127.0.0.1';

export class RealRegistry implements AsyncDisposable {
  readonly directory: string;
  readonly port: number;
  readonly #address: string;
  readonly #process: ChildProcess;

  private constructor(directory: string, address: string, port: number, child: ChildProcess) {
    this.directory = directory;
    this.#address = address;
    this.port = port;
    this.#process = child;
  }

  static async start(options: RealRegistryOptions = {}): Promise<RealRegistry> {
    const directory = await mkdtemp(join(tmpdir(), 'pouch-registry-'));
    const address = options.address ?? LOOPBACK;
    const port = await freePort(address);
    if (options.tls) await makeCertificate(directory, address);
    if (options.auth) {
      const { username, password } = options.auth;
      const { stdout } = await exec('htpasswd', ['-Bbn', username, password]);
      await writeFile(join(directory, 'htpasswd'), stdout.trim());
    }
    await writeFile(join(directory, 'config.yml'), configuration(directory, `${address}:${port}`, options));
    const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], { stdio: 'ignore' });
    // Also when a test ends without disposing.
    process.once('exit', () => child.kill('SIGKILL'));
    const registry = new RealRegistry(directory, address, port, child);
    await waitForPort(address, port);
    return registry;
  }

  /** As it stands in references: `localhost:PORT`, or with another address than loopback's that. */
  get domain(): string {
    return `${this.#address === LOOPBACK ? 'localhost' : this.#address}:${this.port}`;
  }

  /** The authority that signed its certificate, as a file. */
  get caPath(): string {
    return join(this.directory, 'ca.crt');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
    await rm(this.directory, { recursive: true, force: true });
  }
}

export async function freePort(address = LOOPBACK): Promise<number> {
  const server = createServer();
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

async function waitForPort(host: string, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const socket = connect(port, host);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`docker-registry did not listen on port ${port}`);
}

function configuration(directory: string, listen: string, options: RealRegistryOptions): string {
  const lines = [
    'version: 0.1',
    'log: { level: error, accesslog: { disabled: true } }',
    `storage: { filesystem: { rootdirectory: ${directory}/data }, delete: { enabled: true } }`,
    `http:`,
    `  addr: ${listen}`,
    '  secret: not-a-secret',
  ];
  if (options.tls) lines.push(`  tls: { certificate: ${directory}/server.crt, key: ${directory}/server.key }`);
  if (options.auth) lines.push(`auth: { htpasswd: { realm: test, path: ${directory}/htpasswd } }`);
  return `${lines.join('\n')}\n`;
}

async function makeCertificate(directory: string, address: string): Promise<void> {
  const at = (name: string): string => join(directory, name);
  await writeFile(at('san'), `subjectAltName=DNS:localhost,IP:${address}\n`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await exec('openssl', [
    'req',
    '-x509',
    ...key,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=ca',
  ]);
  await exec('openssl', [
    'req',
    ...key,
    '-keyout',
    at('server.key'),
    '-out',
    at('server.csr'),
    '-subj',
    '/CN=localhost',
  ]);
  const sign = [
    'x509',
    '-req',
    '-in',
    at('server.csr'),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
  ];
  await exec('openssl', [...sign, '-out', at('server.crt'), '-days', '2', '-extfile', at('san')]);
}
