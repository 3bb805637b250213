const FORWARDED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGPWR',
] as const satisfies readonly NodeJS.Signals[];

const NUMBERS: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 };

/** After so many interrupts that led to nothing, the user means us. */
const MAX_URGENT = 3;

/** Pass the signals that reach us on, instead of acting on them, until disposal. */
export function forwardSignals(send: (signal: string) => Promise<void>): Disposable {
  let urgent = 0;
  const forward = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' || signal === 'SIGTERM') urgent += 1;
    if (urgent > MAX_URGENT) process.exit(128 + (NUMBERS[signal] ?? 2));
    // The process may have ended a moment ago: then the signal has nobody left to reach.
    send(signal.slice('SIG'.length)).catch(() => {});
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return {
    [Symbol.dispose]: () => {
      for (const signal of FORWARDED) process.off(signal, forward);
    },
  };
}

/** Run `stop` on the first interrupt instead of dying; a second one ends the process as usual. */
export function onInterrupt(stop: () => void): Disposable {
  const handle = (signal: NodeJS.Signals): void => {
    process.once(signal, () => process.exit(128 + (NUMBERS[signal] ?? 2)));
    stop();
  };
  process.once('SIGINT', handle);
  process.once('SIGTERM', handle);
  return {
    [Symbol.dispose]: () => {
      process.off('SIGINT', handle);
      process.off('SIGTERM', handle);
    },
  };
}
