import type { ContainerConfig, HostConfig } from '@pouch/api';
import { hasOwnNetwork } from '../spec/namespace-mode.ts';
import { invalid } from './invalid.ts';

/** A label of an image's whose lines are keys that may log in, once SSH is asked for. */
export const SSH_KEYS_LABEL = 'pouch.ssh-keys';

const TYPES = /^(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;
const MOST_KEYS = 1000;

/** Decide Ssh, SshKeys and SshPort of a host configuration and check them. Throws invalid-argument. */
export function fillSsh(config: ContainerConfig, hostConfig: HostConfig): void {
  const asked = hostConfig.SshKeys?.length || hostConfig.SshPort;
  if (!(hostConfig.Ssh ?? Boolean(asked))) {
    if (asked) throw invalid('SshKeys and SshPort need Ssh (--ssh)');
    return;
  }
  hostConfig.Ssh = true;
  hostConfig.SshPort ||= 22;
  if (hostConfig.SshPort > 65535) throw invalid(`invalid SSH port: ${hostConfig.SshPort}`);
  const labelled = lines(config.Labels?.[SSH_KEYS_LABEL] ?? '');
  const keys = [...new Set([...(hostConfig.SshKeys ?? []).flatMap(lines), ...labelled])];
  for (const key of keys) checkKey(key);
  if (keys.length === 0) {
    throw invalid(
      `Ssh (--ssh) needs at least one public key: SshKeys (--ssh-key), or the image's label ${SSH_KEYS_LABEL}`,
    );
  }
  if (keys.length > MOST_KEYS) throw invalid(`more than ${MOST_KEYS} SSH keys`);
  hostConfig.SshKeys = keys;
  if (!hasOwnNetwork(hostConfig.NetworkMode) || hostConfig.NetworkMode === 'none') {
    throw invalid(
      `Ssh (--ssh) needs a network address of the container's own: not NetworkMode ${hostConfig.NetworkMode}`,
    );
  }
}

/** The lines of an authorized_keys file that are not empty and no comments. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function checkKey(line: string): void {
  const [type = '', base64 = ''] = line.split(/\s+/);
  const shown = line.length > 60 ? `${line.slice(0, 60)}…` : line;
  if (!TYPES.test(type)) {
    throw invalid(`this is no public key as ssh-keygen makes them (options before it are not supported): ${shown}`);
  }
  const blob = Buffer.from(base64, 'base64');
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  if (length !== type.length || blob.toString('latin1', 4, 4 + length) !== type) {
    throw invalid(`this public key is damaged: ${shown}`);
  }
}
