import { spawnSync } from 'node:child_process';
import { asPouchError, type PouchError } from '@pouch/base';
import type { LayerCompression } from '@pouch/oci';
import { requireSpace } from '../archive/archive-spool.ts';
import { isInstalled } from '../archive/decompress.ts';
import type { LayerThread } from './layer-thread.ts';
import type { ExtractJob } from './thread/protocol.ts';

/** Milliseconds between two looks at the disk. */
const SPACE_INTERVAL = 500;

const DECOMPRESSORS: Readonly<Record<LayerCompression, readonly (readonly [string, ...string[]])[]>> = {
  none: [],
  gzip: [
    ['igzip', '-d', '-c'],
    ['unpigz', '-d', '-c'],
  ],
  zstd: [['zstd', '-d', '-c', '-q']],
};

/**
 * GNU tar as root into a fresh directory. It leaves out names that lead out of it, and makes symbolic links that do only at
 * the end, so that nothing is written through one.
 */
const TAR = [
  'tar',
  '-x',
  '-p',
  '-b512',
  '--same-owner',
  '--numeric-owner',
  '--xattrs',
  '--xattrs-include=*',
  '--warning=no-timestamp',
];

/**
 * Makes the pipes at its standard input and output hold 1 MiB and becomes the command that follows. At the kernel's 64 KiB the
 * processes of a pipeline wake each other 16 times as often, which took a third of an extraction's time. Node cannot ask for
 * it; where perl is missing (it is essential on Debian), the pipes stay as they are. F_SETPIPE_SZ is 1031 on every architecture.
 */
const WIDEN = [
  'perl',
  '-e',
  'fcntl(STDIN, 1031, 1 << 20); fcntl(STDOUT, 1031, 1 << 20); exec { $ARGV[0] } @ARGV or exit 127',
];

let gnuTar: boolean | undefined;

/** How a layer can be extracted by this host's programs, or undefined where they are not installed. */
export function extractionPrograms(compression: LayerCompression): Omit<ExtractJob, 'blob' | 'directory'> | undefined {
  gnuTar ??= isInstalled('tar') && spawnSync('tar', ['--version']).stdout.includes('GNU tar');
  const program = DECOMPRESSORS[compression].find(([name]) => isInstalled(name));
  if (!gnuTar || (compression !== 'none' && !program)) return undefined;
  return { decompress: program ?? [], tar: TAR, widen: isInstalled('perl') ? WIDEN : [] };
}

/**
 * Extract a layer's blob into a directory. Resolves with the digest of the uncompressed layer; throws `internal` when the programs
 * could not do it, with the directory in any state. Stops before the disk is full.
 */
export async function extractLayer(job: ExtractJob, thread: LayerThread, signal?: AbortSignal): Promise<string> {
  const guard = new AbortController();
  let full: PouchError | undefined;
  const timer = setInterval(() => {
    requireSpace(job.directory).catch((error: unknown) => {
      full = asPouchError(error);
      guard.abort(full);
    });
  }, SPACE_INTERVAL);
  try {
    const digest = await thread.run('extract', job, signal ? AbortSignal.any([signal, guard.signal]) : guard.signal);
    signal?.throwIfAborted();
    if (full) throw full;
    return digest;
  } finally {
    clearInterval(timer);
  }
}
