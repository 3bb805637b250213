import { exec, helpers } from '@pouch/base';
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

/** Milliseconds that a packet may wait before it is dropped. */
const PATIENCE = 100;
const GONE =
  /Cannot find device|No such file or directory|Invalid handle|Cannot delete qdisc with handle of zero|No such device/;

/**
 * Limits set on the host's side, where root in the container has no say. Into the container: a token bucket on the host's end.
 * Out of it: what comes in there is led through an ifb device with a token bucket. What is set already is replaced, and what is
 * not wanted goes. Throws `internal` with what tc said.
 */
export async function shapeDevice({ device, mirror, ingress, egress }: ShapedDevice): Promise<void> {
  // What is there already makes ip complain, and go on.
  if (egress) await helpers.run('ip', ['-force', '-batch', '-'], { input: mirrorCommands(mirror), allowFailure: true });
  const set = [
    ...(ingress ? [`qdisc replace dev ${device} root ${bucket(ingress)}`] : []),
    ...(egress
      ? [
          `qdisc replace dev ${mirror} root ${bucket(egress)}`,
          `qdisc replace dev ${device} handle ffff: ingress`,
          `filter replace dev ${device} parent ffff: protocol all pref 1 handle 800::800 u32 match u32 0 0 action mirred egress redirect dev ${mirror}`,
        ]
      : []),
  ];
  if (set.length > 0) await helpers.run('tc', ['-batch', '-'], { input: `${set.join('\n')}\n` });
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

function mirrorCommands(mirror: string): string {
  return `link add ${mirror} type ifb\nlink set dev ${mirror} txqueuelen 1000 up\n`;
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
