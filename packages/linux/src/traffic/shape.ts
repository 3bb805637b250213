import { exec } from '@pouch/base';
import type { BatchCommander } from '../batch-commander.ts';
import type { Rate } from './rate.ts';

/** One end of a container's interface on the host, and the rates of what passes it. */
export interface ShapedDevice {
  /** The host's end of the veth pair. */
  readonly device: string;
  /** The name of a device of ours that traffic from the container is led through. */
  readonly mirror: string;
  /** Into the container. */
  readonly ingress?: Rate | undefined;
  /** Out of it. */
  readonly egress?: Rate | undefined;
}

/** Both as co-processes: the limits are then set in two milliseconds. */
export interface TrafficPrograms {
  readonly ip: BatchCommander;
  readonly tc: BatchCommander;
}

/** Milliseconds that a packet may wait before it is dropped. */
const PATIENCE = 100;
const GONE =
  /Cannot find device|No such file or directory|Invalid handle|Cannot delete qdisc with handle of zero|No such device/;

/**
 * Limits set on the host's side, where root in the container has no say. Into the container: a token bucket on the host's end.
 * Out of it: what comes in there is led through an ifb device with a token bucket. What is set already is replaced, and what is
 * not wanted goes. Throws `internal` with what tc said.
 */
export async function shapeDevice(shaped: ShapedDevice, programs: TrafficPrograms): Promise<void> {
  const { mirror, egress } = shaped;
  const queues = queueCommands(shaped);
  try {
    // What is there already makes ip complain, and go on.
    if (egress) await programs.ip.tryRun(mirrorCommands(mirror));
    await programs.tc.run(queues);
  } catch {
    // Programs that stay may remember a device of that name which has gone meanwhile. New ones know none, and their word counts.
    const batch = (commands: readonly string[]): { input: string } => ({ input: `${commands.join('\n')}\n` });
    if (egress) await exec('ip', ['-force', '-batch', '-'], { ...batch(mirrorCommands(mirror)), allowFailure: true });
    await exec('tc', ['-batch', '-'], batch(queues));
  }
}

function queueCommands({ device, mirror, ingress, egress }: ShapedDevice): string[] {
  return [
    ...(ingress ? [`qdisc replace dev ${device} root ${bucket(ingress)}`] : []),
    ...(egress
      ? [
          `qdisc replace dev ${mirror} root ${bucket(egress)}`,
          `qdisc replace dev ${device} handle ffff: ingress`,
          `filter replace dev ${device} parent ffff: protocol all pref 1 handle 800::800 u32 match u32 0 0 action mirred egress redirect dev ${mirror}`,
        ]
      : []),
  ];
}

/** Take limits off that are not wanted any more. */
export async function unshapeDevice(device: string, mirror: string, which: 'ingress' | 'egress'): Promise<void> {
  const command =
    which === 'ingress' ? ['qdisc', 'del', 'dev', device, 'root'] : ['qdisc', 'del', 'dev', device, 'ingress'];
  await tolerant('tc', command);
  if (which === 'egress') await tolerant('ip', ['link', 'delete', mirror]);
}

async function tolerant(program: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await exec(program, args, { allowFailure: true });
  if (code !== 0 && !GONE.test(stderr)) await exec(program, args);
}

function mirrorCommands(mirror: string): string[] {
  return [`link add ${mirror} type ifb`, `link set dev ${mirror} txqueuelen 1000 up`];
}

/** The kernel counts frames; a rate is what arrives of it in full-sized ones, without their headers. */
const HEADERS = 1514 / 1460;

function bucket({ bits, burst }: Rate): string {
  return `tbf rate ${Math.round(bits * HEADERS)}bit burst ${burst}b latency ${PATIENCE}ms`;
}

/** What has passed a limit. */
export interface ShapedCounters {
  readonly bytes: number;
  readonly packets: number;
  /** Packets that found the queue full. */
  readonly dropped: number;
}

/** The counters of a device's outermost queue, or undefined when there is no such device. */
export async function readShaped(device: string): Promise<ShapedCounters | undefined> {
  const { code, stdout } = await exec('tc', ['-s', '-json', 'qdisc', 'show', 'dev', device, 'root'], {
    allowFailure: true,
  });
  if (code !== 0) return undefined;
  const [root] = JSON.parse(stdout || '[]') as { bytes?: number; packets?: number; drops?: number }[];
  return root && { bytes: root.bytes ?? 0, packets: root.packets ?? 0, dropped: root.drops ?? 0 };
}
