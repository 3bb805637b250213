import { readTextIfExists } from '@pouch/base';

/** Counters of one interface, from the side of the namespace they are read in. */
export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** Counters by interface, without `lo`, in the network namespace of a process. Empty when the process is gone. */
export async function readInterfaceCounters(pid: number): Promise<Record<string, InterfaceCounters>> {
  return parseNetDev((await readTextIfExists(`/proc/${pid}/net/dev`)) ?? '');
}

/** Parse /proc/net/dev. */
export function parseNetDev(text: string): Record<string, InterfaceCounters> {
  const counters: Record<string, InterfaceCounters> = {};
  for (const line of text.split('\n').slice(2)) {
    const colon = line.lastIndexOf(':');
    const name = line.slice(0, colon).trim();
    if (colon < 0 || name === '' || name === 'lo') continue;
    const column = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    const at = (index: number): number => column[index] ?? 0;
    counters[name] = {
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(8),
      txPackets: at(9),
      txErrors: at(10),
      txDropped: at(11),
    };
  }
  return counters;
}
