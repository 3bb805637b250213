import { exec, PouchError, readTextIfExists } from '@pouch/base';
import { ipJson } from '../ip.ts';

/** Classes from 1, served first, to 7; what has none is in 4. */
export const PRIORITIES = [1, 2, 3, 4, 5, 6, 7] as const;
const STANDARD = 4;
/** The handle of our queue, by which it is known again; packets carry it in their priority. */
export const UPLINK_HANDLE = '1a0';
/** Queues that the kernel puts there by itself, which can be replaced and come back. */
const KERNELS_OWN = new Set(['noqueue', 'pfifo_fast', 'pfifo', 'mq', 'fq', 'fq_codel']);

export interface Uplink {
  readonly device: string;
  /** Bits per second. */
  readonly bits: number;
}

/** The device of the default route, and its speed where the device tells it. */
export async function findUplink(): Promise<{
  readonly device: string | undefined;
  readonly bits: number | undefined;
}> {
  const [route] = (await ipJson(['route', 'show', 'default'])) as { dev?: string }[];
  const device = route?.dev;
  if (device === undefined) return { device: undefined, bits: undefined };
  // EINVAL where the device has no speed.
  const speed = Number(await readTextIfExists(`/sys/class/net/${device}/speed`).catch(() => undefined));
  return { device, bits: speed > 0 ? speed * 1e6 : undefined };
}

/**
 * Put the classes on the uplink: htb, each class with a small share of its own, and the rest in order of their priorities. Idempotent.
 * Throws `conflict` where somebody else's queue is there.
 */
export async function prepareUplink({ device, bits }: Uplink): Promise<void> {
  const [root] = await rootQueues(device);
  if (root && root.kind !== 'htb' && !KERNELS_OWN.has(root.kind)) throw occupied(device, root.kind);
  if (root?.kind === 'htb' && root.handle !== `${UPLINK_HANDLE}:`) throw occupied(device, root.kind);
  const own = Math.max(Math.floor(bits / 50), 8000);
  const tree = `dev ${device} parent ${UPLINK_HANDLE}`;
  const commands = [
    ...(root?.kind === 'htb'
      ? []
      : [`qdisc replace dev ${device} root handle ${UPLINK_HANDLE}: htb default ${STANDARD}`]),
    `class replace ${tree}: classid ${UPLINK_HANDLE}:ff htb rate ${bits}bit`,
    ...PRIORITIES.map(
      (level) =>
        `class replace ${tree}:ff classid ${UPLINK_HANDLE}:${level} htb rate ${own}bit ceil ${bits}bit prio ${level - 1}`,
    ),
  ];
  await exec('tc', ['-batch', '-'], { input: `${commands.join('\n')}\n` });
}

/** Take them off; the kernel's own queue comes back. */
export async function releaseUplink(device: string): Promise<void> {
  const [root] = await rootQueues(device);
  if (root?.kind === 'htb' && root.handle === `${UPLINK_HANDLE}:`)
    await exec('tc', ['qdisc', 'del', 'dev', device, 'root']);
}

async function rootQueues(device: string): Promise<{ kind: string; handle: string }[]> {
  const { code, stdout } = await exec('tc', ['-json', 'qdisc', 'show', 'dev', device, 'root'], { allowFailure: true });
  if (code !== 0) throw new PouchError('not-found', `the uplink ${device} does not exist; see the setting net-uplink.`);
  return JSON.parse(stdout || '[]') as { kind: string; handle: string }[];
}

function occupied(device: string, kind: string): PouchError {
  return new PouchError('conflict', `--net-priority: ${device} has a queue (${kind}) of somebody else's, which stays.`);
}
