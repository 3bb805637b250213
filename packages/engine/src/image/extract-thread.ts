export interface ExtractJob {
  readonly blob: string;
  readonly directory: string;
  /** Program and arguments that decompress stdin to stdout; none for a plain tar file. */
  readonly decompress: readonly string[];
  readonly tar: readonly string[];
  /** A command before each of the two that widens the pipes at its standard input and output; none where it is not installed. */
  readonly widen: readonly string[];
}

/** A pipe's file descriptors. */
interface Ends {
  readonly read: number;
  readonly write: number;
}

/** What the thread tells: first the processes to kill should it be stopped, at last the digest or what went wrong. */
export type ExtractMessage =
  | { readonly kind: 'started'; readonly pids: readonly number[] }
  | { readonly kind: 'done'; readonly digest: string }
  | { readonly kind: 'failed'; readonly problem: string };

/**
 * The body of the thread that extracts a layer: decompressor → sha256 here → tar. It reads and writes pipes with blocking calls,
 * which costs a third of what streams do, and it runs as text (`new Worker(…, { eval })`), so that a bundled daemon needs no
 * second file: it must use nothing from outside itself. Killing the processes ends it.
 */
export function extractThread(): void {
  const { createHash, randomBytes } = process.getBuiltinModule('node:crypto');
  const { closeSync, constants, openSync, readSync, unlinkSync, writeSync } = process.getBuiltinModule('node:fs');
  const { execFileSync, spawn } = process.getBuiltinModule('node:child_process');
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const job = workerData as ExtractJob;
  const tell = (message: ExtractMessage): void => parentPort?.postMessage(message);

  /** Both ends of two pipes, blocking. Opened in this order none of the calls waits. */
  const pipes = () => {
    const paths = [0, 1].map(() => `${job.directory}/../pipe-${randomBytes(6).toString('hex')}`);
    execFileSync('mkfifo', ['-m', '600', ...paths]);
    return paths.map((path) => {
      const both = openSync(path, constants.O_RDWR);
      const read = openSync(path, constants.O_RDONLY);
      const write = openSync(path, constants.O_WRONLY);
      closeSync(both);
      unlinkSync(path);
      return { read, write };
    }) as [Ends, Ends];
  };

  const start = (command: readonly string[], input: number, output: number | 'ignore') => {
    const [name = '', ...args] = [...job.widen, ...command];
    const child = spawn(name, args, { cwd: job.directory, stdio: [input, output, 'pipe'] });
    let said = '';
    child.stderr?.on('data', (chunk: Uint8Array) => {
      if (said.length < 500) said += Buffer.from(chunk).toString('utf8');
    });
    const end = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) =>
        resolve(code === 0 ? '' : said.trim() || `${command[0]}: ${code ?? signal}`),
      );
    });
    return { pid: child.pid, end };
  };

  const run = async (): Promise<ExtractMessage> => {
    const blob = openSync(job.blob, 'r');
    const [packed, plain] = pipes();
    const unpacker = job.decompress.length > 0 ? start(job.decompress, blob, packed.write) : undefined;
    const tar = start(job.tar, plain.read, 'ignore');
    closeSync(plain.read);
    closeSync(packed.write);
    tell({ kind: 'started', pids: [unpacker?.pid, tar.pid].filter((pid) => pid !== undefined) });
    const source = unpacker ? packed.read : blob;
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1 << 20);
    // What follows the archive's end is not tar's business, but part of the layer.
    let open = true;
    for (;;) {
      const length = readSync(source, buffer, 0, buffer.length, null);
      if (length === 0) break;
      const chunk = buffer.subarray(0, length);
      hash.update(chunk);
      try {
        for (let at = 0; open && at < length; ) at += writeSync(plain.write, chunk, at);
      } catch {
        open = false;
      }
    }
    closeSync(plain.write);
    closeSync(packed.read);
    closeSync(blob);
    const problem = (await unpacker?.end) || (await tar.end);
    return problem ? { kind: 'failed', problem } : { kind: 'done', digest: `sha256:${hash.digest('hex')}` };
  };

  run()
    .catch((error: unknown): ExtractMessage => ({ kind: 'failed', problem: String(error) }))
    .then(tell, () => {});
}
