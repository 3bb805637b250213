import { spawn } from 'node:child_process';
import { constants, mkdirSync, openSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { exec, errnoCode, PouchError, readTextIfExists, sleep } from '@pouch/base';
import { isMountPoint } from '../mounts.ts';
import { identifyProcess, isAlive, type ProcessIdentity, readCommandLine } from '../proc.ts';
import type { LxcfsLayout } from './lxcfs-layout.ts';

/** A live lxcfs. */
export interface LxcfsProcess extends Disposable {
  readonly identity: ProcessIdentity;
  /** Resolves when it and its guard have ended. */
  readonly ended: Promise<void>;
}

/**
 * lxcfs mounts cgroup2 for itself. From the host's control group namespace that would take the options of the host's own mount off:
 * without nsdelegate, machines could lift their limits. So it gets a namespace of its own, with the same root, for paths of groups
 * must read the same: the root is where the process is when it makes the namespace. Afterwards it goes back.
 */
const LXCFS = `
top=/sys/fs/cgroup
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
if [ -e $top/cgroup.controllers ] && [ -e "$top$own/cgroup.procs" ] && echo 0 2>/dev/null >$top/cgroup.procs; then
  exec unshare --cgroup sh -c 'echo 0 >"$0"; exec "$@"' "$top$own/cgroup.procs" "$@"
fi
exec "$@"
`;

/**
 * Runs lxcfs, and when that has ended, whoever killed it, takes its dead mounts away at once: the host's files show through
 * in every container, also while there is no pouchd. $1 lxcfs, $2 pid file, $3 mount point, $4 what starts it; then the mounts,
 * the most wanted first.
 */
const GUARD = `
/bin/sh -c "$4" pouch-lxcfs "$1" -f -l --enable-cfs -p "$2" "$3" &
lxcfs=$!
shift 4
trap '' HUP INT TERM
wait "$lxcfs"
umount -n --no-canonicalize --lazy -- "$@"
`;

const START_TIMEOUT = 10_000;

/** Start lxcfs on the layout's mount point. Throws `unavailable` when it ends at once or does not mount. */
export async function launchLxcfs(binary: string, layout: LxcfsLayout, logFile: string): Promise<LxcfsProcess> {
  mkdirSync(layout.mountPoint, { recursive: true });
  await rm(layout.alive, { force: true });
  await exec('mkfifo', ['-m', '600', layout.alive]);
  await rm(layout.pidFile, { force: true });
  const writer = await open(layout.alive, constants.O_RDWR | constants.O_NONBLOCK);
  const log = await open(logFile, 'a', 0o640);
  let watch: Watch;
  try {
    watch = watchAlive(layout.alive);
    const mounts = [...layout.files.map(({ shown }) => shown), layout.mountPoint];
    const words = [binary, layout.pidFile, layout.mountPoint, LXCFS, ...mounts];
    const child = spawn('/bin/sh', ['-c', GUARD, 'pouch-lxcfs', ...words], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log.fd, log.fd, writer.fd],
    });
    await new Promise<void>((started, reject) => {
      child.once('spawn', started);
      child.once('error', reject);
    });
    child.unref();
  } finally {
    await writer.close();
    await log.close();
  }
  try {
    return { ...watch, identity: await untilMounted(layout, watch, logFile) };
  } catch (error) {
    watch[Symbol.dispose]();
    throw error;
  }
}

/** The lxcfs that an earlier pouchd started on this layout, if it lives and serves. */
export async function findLxcfs(layout: LxcfsLayout): Promise<LxcfsProcess | undefined> {
  const pid = Number((await readTextIfExists(layout.pidFile))?.trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const identity = await identifyProcess(pid);
  const words = (await readCommandLine(pid)) ?? [];
  if (!identity || !words.includes(layout.mountPoint) || !words.includes(layout.pidFile)) return undefined;
  if (!(await isMountPoint(layout.mountPoint)) || !(await isAlive(identity))) return undefined;
  try {
    return { ...watchAlive(layout.alive), identity };
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

interface Watch extends Disposable {
  readonly ended: Promise<void>;
}

function watchAlive(path: string): Watch {
  const socket = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), writable: false });
  const ended = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.on('error', () => {});
  });
  socket.resume();
  socket.unref();
  return { ended, [Symbol.dispose]: () => socket.destroy() };
}

async function untilMounted(layout: LxcfsLayout, watch: Watch, logFile: string): Promise<ProcessIdentity> {
  let over = false;
  void watch.ended.then(() => {
    over = true;
  });
  for (const end = Date.now() + START_TIMEOUT; Date.now() < end && !over; await sleep(5)) {
    const pid = Number((await readTextIfExists(layout.pidFile))?.trim());
    if (!(pid > 1) || !(await isMountPoint(layout.mountPoint))) continue;
    const identity = await identifyProcess(pid);
    if (identity) return identity;
  }
  throw new PouchError('unavailable', `lxcfs ${over ? 'ended at its start' : 'does not mount'}; see ${logFile}.`);
}
