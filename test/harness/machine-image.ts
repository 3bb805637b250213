import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { makeOnce } from './make-once.ts';
import type { TestDaemon } from './test-daemon.ts';

const CACHE = '/var/cache/pouch-test';
const MACHINES = {
  /** Debian with systemd, an SSH server, cron and nginx: what one moves from a virtual machine. */
  systemd: ['--variant=minbase', '--include=systemd,systemd-sysv,dbus,openssh-server,cron,nginx-light,procps,iproute2'],
  /** Debian with the init of System V. */
  sysvinit: ['--variant=essential', '--include=sysvinit-core'],
} as const;

/** Why there is no machine to test with; false where there is, or can be made. */
export function withoutMachine(kind: keyof typeof MACHINES = 'systemd'): string | false {
  if (existsSync(archiveOf(kind))) return false;
  const places = (process.env.PATH ?? '').split(':');
  return places.some((place) => existsSync(join(place, 'mmdebstrap')))
    ? false
    : 'mmdebstrap is not installed on this host';
}

function archiveOf(kind: keyof typeof MACHINES): string {
  return join(CACHE, `machine-${kind}.tar`);
}

/**
 * Import a machine's root file system into a daemon, as `machine:KIND`. Made by mmdebstrap the first time (one to two
 * minutes, 210 MB under /var/cache/pouch-test), and kept.
 */
export async function importMachine(daemon: TestDaemon, kind: keyof typeof MACHINES = 'systemd'): Promise<string> {
  const archive = await machineArchive(kind);
  const image = `machine:${kind}`;
  await daemon.pouch(['import', '-c', 'CMD ["/sbin/init"]', archive, image], { timeout: 180_000 });
  return image;
}

/** The archive of such a root file system, made if need be. */
export async function machineArchive(kind: keyof typeof MACHINES): Promise<string> {
  const path = archiveOf(kind);
  await makeOnce(path, async () => {
    await exec('mmdebstrap', [...MACHINES[kind], 'bookworm', `${path}.part.tar`], { timeout: 600_000 });
    renameSync(`${path}.part.tar`, path);
  });
  return path;
}
