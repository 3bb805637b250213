import { exec, isErrorCode } from '@pouch/base';

/** Whether traffic can be limited, and whether it can be put in classes; what is missing else. */
export interface TrafficProbe {
  readonly bandwidthMissing: string | undefined;
  readonly priorityMissing: string | undefined;
}

/** Done once for real, in a network namespace that goes with the process. */
const BANDWIDTH = `
ip link add probe0 type ifb && ip link add probe1 type ifb &&
tc qdisc add dev probe0 root tbf rate 1mbit burst 16k latency 50ms &&
tc qdisc add dev probe1 handle ffff: ingress &&
tc filter add dev probe1 parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev probe0 || exit 1
echo bandwidth
tc qdisc add dev probe1 root handle 1: htb default 14 && tc class add dev probe1 parent 1: classid 1:1 htb rate 1gbit &&
echo priority
`;

export async function probeTraffic(): Promise<TrafficProbe> {
  try {
    await exec('tc', ['-V'], { allowFailure: true });
    const { stdout, stderr } = await exec('unshare', ['--net', 'sh', '-c', BANDWIDTH], { allowFailure: true });
    const missing = `the kernel cannot do it: ${stderr.trim().split('\n')[0]} (modules ifb, sch_tbf, sch_ingress, cls_u32, act_mirred, sch_htb)`;
    return {
      bandwidthMissing: stdout.includes('bandwidth') ? undefined : missing,
      priorityMissing: stdout.includes('priority') ? undefined : missing,
    };
  } catch (error) {
    if (!isErrorCode(error, 'unsupported')) throw error;
    const missing = "tc is not installed (Debian's package iproute2)";
    return { bandwidthMissing: missing, priorityMissing: missing };
  }
}
