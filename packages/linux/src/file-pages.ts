import { readFile } from 'node:fs/promises';
import { exec } from '@pouch/base';

/**
 * pidfd_open(2) and process_madvise(2) with MADV_PAGEOUT: system calls this young have one number on every architecture. A
 * mapping that has gone meanwhile is passed over.
 */
const PAGE_OUT = `
use strict; use Errno;
my ($pid, @ranges) = map { $_ + 0 } @ARGV;
my $process = syscall(434, $pid, 0);
$process >= 0 or die "pidfd_open: $!\\n";
while (my ($start, $length) = splice(@ranges, 0, 2)) {
  syscall(440, $process, pack('Q Q', $start, $length), 1, 21, 0) >= 0 or $!{ENOMEM} or die "process_madvise: $!\\n";
}
`;

/** Bytes of files, mostly its program, that the process has in its address space now: RssFile in /proc/<pid>/status (proc(5)). */
export async function residentFileBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssFile:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/**
 * Gives the host back the memory of the files that only this process maps: what it needs again comes from the disk. Pages that
 * another process maps too stay. The memory that the process has written is not touched. Node cannot make system calls, so
 * that perl does (every Debian has it). Throws `unsupported` without perl, `internal` where the kernel is older than 5.10 or
 * does not allow it.
 */
export async function reclaimFilePages(pid: number): Promise<void> {
  const ranges = fileMappings(await readFile(`/proc/${pid}/maps`, 'utf8'));
  await exec('perl', [
    '-e',
    PAGE_OUT,
    String(pid),
    ...ranges.flatMap(({ start, length }) => [`${start}`, `${length}`]),
  ]);
}

/** Where files are mapped, in bytes, by the lines of /proc/<pid>/maps. */
export function fileMappings(maps: string): { start: bigint; length: bigint }[] {
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ +[1-9]\d* +\//gm)].map(([, from = '', to = '']) => {
    const start = BigInt(`0x${from}`);
    return { start, length: BigInt(`0x${to}`) - start };
  });
}
