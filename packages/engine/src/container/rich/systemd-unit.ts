import type { PosixRlimit } from '@pouch/oci';
import { RICH_DIRECTORY } from './command-script.ts';
import { isRealTime } from './rich-mode.ts';

export interface UnitOptions {
  readonly keep: boolean;
  /** The signal that the command is asked to stop by. */
  readonly stopSignal: string;
  /** Seconds the whole stop may take; negative is for ever. */
  readonly stopTimeout: number;
  readonly rlimits: readonly PosixRlimit[];
}

/**
 * The service that the command is under systemd (systemd.service(5)). Its end ends the machine cleanly, unless it is kept;
 * how it ended is written down, for systemd hands on no more than an exit code.
 */
export function commandUnit({ keep, stopSignal, stopTimeout, rlimits }: UnitOptions): string {
  // What the command leaves unfinished must leave the others time to stop.
  const patience = stopTimeout < 0 ? 'infinity' : String(Math.max(1, Math.floor(stopTimeout * 0.8)));
  return [
    '[Unit]',
    "Description=The container's command",
    ...(keep ? [] : ['SuccessAction=exit', 'FailureAction=exit']),
    '[Service]',
    'Type=exec',
    `ExecStart=/bin/sh ${RICH_DIRECTORY}/command`,
    `ExecStopPost=-/bin/sh -c 'echo "$EXIT_CODE $EXIT_STATUS" >${RICH_DIRECTORY}/status'`,
    'StandardInput=null',
    `StandardOutput=file:${RICH_DIRECTORY}/stdout`,
    `StandardError=file:${RICH_DIRECTORY}/stderr`,
    `TimeoutStopSec=${patience}`,
    ...(isRealTime(stopSignal) ? [] : [`KillSignal=${signalName(stopSignal)}`]),
    ...rlimits.map(({ type, soft, hard }) => `${type.replace('RLIMIT_', 'Limit')}=${soft}:${hard}`),
    '',
  ].join('\n');
}

function signalName(signal: string): string {
  if (/^\d+$/.test(signal)) return signal;
  const upper = signal.toUpperCase();
  return upper.startsWith('SIG') ? upper : `SIG${upper}`;
}
