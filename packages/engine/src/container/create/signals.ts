import { constants } from 'node:os';
import { invalid } from './invalid.ts';

const NAMES: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals));
const RTMIN = 34;
const RTMAX = 64;

/** The number of a signal: `9`, `KILL`, `SIGKILL`, `sigkill`, `RTMIN+3`. Throws invalid-argument. */
export function parseSignal(text: string): number {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= RTMAX) return number;
    throw invalid(number === 0 ? 'invalid signal: 0' : `the linux daemon does not support signal ${number}`);
  }
  const upper = text.toUpperCase();
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const known = NAMES.get(name);
  if (known !== undefined) return known;
  const realtime = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime) {
    const offset = Number(realtime[3] ?? 0) * (realtime[2] === '-' ? -1 : 1);
    const number = (realtime[1] === 'MIN' ? RTMIN : RTMAX) + offset;
    if (number >= RTMIN && number <= RTMAX) return number;
  }
  throw invalid(`invalid signal: ${text}`);
}
