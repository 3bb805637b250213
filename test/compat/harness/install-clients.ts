import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exec } from '@pouch/base';

const CLIENTS = resolve(import.meta.dirname, '../clients');

/** Install the clients' libraries where that has not been done. Why it cannot be done, or undefined. */
export async function installClients(): Promise<string | undefined> {
  const installed = join(CLIENTS, 'node_modules/.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(join(CLIENTS, 'package-lock.json')).mtimeMs) {
    return undefined;
  }
  const flags = ['--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
  // Run by Node 24 as well: npm looks for `node` on the path.
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const { code, stderr } = await exec('npm', ['ci', ...flags], {
    cwd: CLIENTS,
    timeout: 180_000,
    allowFailure: true,
    env: { PATH },
  });
  const why = stderr.split('\n').find((line) => line.startsWith('npm error')) ?? `exit code ${code}`;
  return code === 0 ? undefined : `npm cannot install the clients: ${why}`;
}
