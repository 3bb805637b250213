import { RICH_DIRECTORY } from './command-script.ts';

/**
 * The image's inittab(5) for a container: without terminals that it does not have, halting on SIGPWR, and with the
 * command as one of its processes. `command`: false where the machine is all there is.
 */
export function sysvInittab(image: string, command: boolean): string {
  const kept = entries(image).filter(
    (line) => !/^[^:]*:[^:]*:(powerwait|powerfail|powerokwait|powerfailnow):/.test(line) && !isTerminal(line),
  );
  const hasDefault = kept.some((line) => /^[^:]*:[^:]*:initdefault:/.test(line));
  return [
    ...kept,
    ...(hasDefault ? [] : ['id:2:initdefault:']),
    'pf::powerwait:/sbin/init 0',
    ...(command ? [`pc:2345:once:/bin/sh ${RICH_DIRECTORY}/service`] : []),
    '',
  ].join('\n');
}

/** The same for busybox's init, whose entries begin with a terminal instead of an id and runlevels. */
export function busyboxInittab(image: string | undefined, command: boolean): string {
  const own = entries(image ?? '::sysinit:[ ! -x /etc/init.d/rcS ] || /etc/init.d/rcS').filter(
    (line) => !isTerminal(line),
  );
  return [...own, ...(command ? [`::once:/bin/sh ${RICH_DIRECTORY}/service`] : []), ''].join('\n');
}

function entries(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function isTerminal(line: string): boolean {
  return /getty|askfirst|:respawn:.*\b(login|sulogin)\b/.test(line) || /^tty[A-Z]*\d/.test(line);
}
