import type { ResolvedUser } from '@pouch/linux';
import { quote } from './shell-text.ts';

/** Where a rich container finds what was made for it: a directory on the tmpfs at /run. */
export const RICH_DIRECTORY = '/run/pouch';

export interface CommandText {
  readonly words: readonly string[];
  /** The whole environment, `NAME=value`. */
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: ResolvedUser;
}

/**
 * The script that becomes the container's command: its directory, its user, its environment exactly. Exit codes 126 and
 * 127 are env(1)'s, as a shell gives them.
 */
export function commandScript({ words, env, workingDir, user }: CommandText): string {
  const directory = quote(workingDir);
  const run = ['env', '-i', ...env, ...words].map(quote).join(' ');
  return `#!/bin/sh
cd ${directory} || exit 126
${becomeUser(user, run)}`;
}

/** Which program can change the user depends on the image: util-linux, coreutils and busybox each have one. */
function becomeUser({ uid, gid, additionalGids }: ResolvedUser, run: string): string {
  const groups = [gid, ...additionalGids.filter((id) => id !== gid)].join(',');
  if (uid === 0 && groups === '0') return `exec ${run}\n`;
  return `if setpriv --reuid ${uid} --regid ${gid} --groups ${groups} true 2>/dev/null; then
  exec setpriv --reuid ${uid} --regid ${gid} --groups ${groups} ${run}
fi
if chroot --userspec=${uid}:${gid} --groups=${groups} / true 2>/dev/null; then
  here=$PWD
  exec chroot --userspec=${uid}:${gid} --groups=${groups} / /bin/sh -c 'cd "$1" || exit 126; shift; exec "$@"' sh "$here" ${run}
fi
if start-stop-daemon -S -c ${uid}:${gid} -n pouch-none -a /bin/true >/dev/null 2>&1; then
  exec start-stop-daemon -S -c ${uid}:${gid} -n pouch-none -a "$(command -v env)" -- ${run.replace(/^'env' /, '')}
fi
echo 'pouch: this image has none of setpriv, chroot --userspec and start-stop-daemon to change the user with' >&2
exit 126
`;
}

/**
 * The container's first process, until it becomes the init. An init closes the streams it was started with; a process
 * that only waits keeps them open, and the command opens them through it.
 */
export function startScript(init: string, workingDir: string, units: readonly (readonly [string, string])[]): string {
  const directory = quote(workingDir);
  const links = units.map(([name, target]) => `ln -sf ${target} /run/systemd/system/${name}\n`).join('');
  return `#!/bin/sh
[ -d ${directory} ] || mkdir -p ${directory}
sleep 2147483647 &
ln -sf /proc/$!/fd/1 ${RICH_DIRECTORY}/stdout
ln -sf /proc/$!/fd/2 ${RICH_DIRECTORY}/stderr
${links === '' ? '' : `mkdir -p /run/systemd/system/default.target.wants\n${links}`}exec ${init}
`;
}

/** Under an init with an inittab: runs the command, writes down how it ended, and halts the machine unless it is kept. */
export function serviceScript(halt: string, keep: boolean): string {
  return `#!/bin/sh
# A halt signals every process: the end of the command is still to be written down.
trap : TERM
/bin/sh ${RICH_DIRECTORY}/command </dev/null >${RICH_DIRECTORY}/stdout 2>${RICH_DIRECTORY}/stderr
echo "exited $?" >${RICH_DIRECTORY}/status
${keep ? '' : `${halt}\n`}`;
}
