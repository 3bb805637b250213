import type { ResolvedUser } from '@pouch/linux';
import { shellWord } from '@pouch/base';

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
  const directory = shellWord(workingDir);
  const run = ['env', '-i', ...env, ...words].map(shellWord).join(' ');
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

export interface StartText {
  /** Path of the init. */
  readonly init: string;
  readonly workingDir: string;
  /** There is a command beside the init, whose output is the container's. */
  readonly hasCommand: boolean;
  /** Links below /run/systemd/system to make before systemd starts: the name and its target. */
  readonly units?: readonly (readonly [name: string, target: string])[];
  /** Generators of systemd (systemd.generator(7)) that are not to run. */
  readonly maskedGenerators?: readonly string[];
}

const UNITS = '/run/systemd/system';
const GENERATORS = '/run/systemd/system-generators';

/**
 * The container's first process, until it becomes the init. An init closes the streams it was started with; a process
 * that only waits keeps them open, and the command opens them through it. A machine's start waits for each program that runs
 * here: most of it is the shell's own.
 */
export function startScript({ init, workingDir, hasCommand, units = [], maskedGenerators = [] }: StartText): string {
  const directory = shellWord(workingDir);
  const directories = [
    ...(units.length > 0 ? [`${UNITS}/default.target.wants`] : []),
    ...(maskedGenerators.length > 0 ? [GENERATORS] : []),
  ];
  const lines = [
    '#!/bin/sh',
    `[ -d ${directory} ] || mkdir -p ${directory}`,
    ...(hasCommand
      ? [
          'sleep 2147483647 &',
          ...['stdout', 'stderr'].map((name, at) => `ln -sf /proc/$!/fd/${at + 1} ${RICH_DIRECTORY}/${name}`),
        ]
      : []),
    ...(directories.length > 0 ? [`mkdir -p ${directories.join(' ')}`] : []),
    ...units.map(([name, target]) => `ln -sf ${target} ${UNITS}/${name}`),
    // An empty file does as well as a link to /dev/null.
    ...maskedGenerators.map((name) => `: >${GENERATORS}/${name}`),
    `exec ${init}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
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
