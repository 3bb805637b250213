import type { ContainerConfig, HealthConfig } from '@pouch/api';
import { parseSignal } from './signals.ts';
import { LONGEST_PATH } from './bind-spec.ts';
import { invalid } from './invalid.ts';
import { parsePortSpec } from './ports.ts';

/** RFC 1123, and the underscore that many use in spite of it and Docker lets through. */
const LABEL = /^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?$/;
const MAC = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i;
const MINIMUM_INTERVAL = 1_000_000;
/** The kernel takes no more than 128 KiB in one argument or variable (MAX_ARG_STRLEN). */
const LONGEST_STRING = 128 * 1024 - 1;

/** Check a merged config. Throws invalid-argument with Docker's words. */
export function validateConfig(config: ContainerConfig): void {
  validateHostname(config);
  validateEnv(config.Env ?? []);
  for (const word of [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])])
    checkWord(word, 'an argument of the command');
  if (config.WorkingDir) validateWorkingDir(config.WorkingDir);
  if (config.User) validateUser(config.User);
  if (config.InitScript) checkWord(config.InitScript, 'the init script');
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.Healthcheck) validateHealthcheck(config.Healthcheck);
  if (config.MacAddress) validateMac(config.MacAddress);
  for (const port of Object.keys(config.ExposedPorts ?? {})) parsePortSpec(port);
  for (const name of Object.keys(config.Labels ?? {})) {
    if (name === '') throw invalid('a label must have a name');
  }
}

/** RFC 1123 labels, at most 63 characters each; the kernel takes 64 for each of the two names. */
function validateHostname(config: ContainerConfig): void {
  const { Hostname: host = '', Domainname: domain = '' } = config;
  if (host !== '' && (host.length > 63 || !isHostname(host))) {
    throw invalid(`invalid hostname format: ${host}`);
  }
  if (domain !== '' && (domain.length > 64 || !isHostname(domain))) throw invalid(`invalid domain name: ${domain}`);
}

export function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => LABEL.test(label));
}

export function validateEnv(env: readonly string[]): void {
  for (const entry of env) {
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`);
    checkWord(entry, 'an environment variable');
  }
}

function checkWord(word: string, what: string): void {
  if (word.includes('\0')) throw invalid(`${what} may not hold a NUL byte`);
  if (Buffer.byteLength(word) > LONGEST_STRING) throw invalid(`${what} is longer than ${LONGEST_STRING} bytes`);
}

export function validateWorkingDir(path: string): void {
  if (!path.startsWith('/') || path.includes('\0') || Buffer.byteLength(path) > LONGEST_PATH) {
    throw invalid(`the working directory '${path}' is invalid, it needs to be an absolute path`);
  }
}

/** `user[:group]`, names or numbers; whether they exist is for the root file system to say. */
export function validateUser(user: string): void {
  if (!/^[^:\s\0]*(:[^:\s\0]*)?$/.test(user) || user === ':' || user.length > 512) {
    throw invalid(`invalid user: '${user}': use user, user:group, uid or uid:gid`);
  }
}

export function validateMac(mac: string): void {
  if (!MAC.test(mac)) throw invalid(`invalid MAC address: ${mac}`);
  if (Number.parseInt(mac.slice(0, 2), 16) & 1) throw invalid(`invalid MAC address: ${mac} is a multicast address`);
}

export function validateHealthcheck(health: HealthConfig): void {
  const [kind] = health.Test ?? [];
  if (kind !== undefined && kind !== '' && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalid(`Unknown healthcheck type "${kind}" (expected 'CMD', 'CMD-SHELL' or 'NONE')`);
  }
  if ((kind === 'CMD' || kind === 'CMD-SHELL') && health.Test?.length === 1) {
    throw invalid(`healthcheck ${kind} must name a command`);
  }
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = health[key];
    if (value !== undefined && value !== 0 && value < MINIMUM_INTERVAL) {
      throw invalid(`${key} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((health.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
}
