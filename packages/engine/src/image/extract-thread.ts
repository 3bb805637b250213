import type { Buffer as NodeBuffer } from 'node:buffer';

export interface ExtractJob {
  readonly blob: string;
  readonly directory: string;
  /** Program and arguments that decompress stdin to stdout; none for a plain tar file. */
  readonly decompress: readonly string[];
  readonly tar: readonly string[];
}

export type ExtractResult =
  | { readonly digest: string; readonly problem?: undefined }
  | { readonly problem: string; readonly digest?: undefined };

/**
 * The body of the thread that extracts a layer: decompressor → sha256 here → tar. It runs as text (`new Worker(…, { eval })`), so
 * that a bundled daemon needs no second file: it must use nothing from outside itself.
 */
export function extractThread(): void {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { closeSync, createReadStream, openSync } = process.getBuiltinModule('node:fs');
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { once } = process.getBuiltinModule('node:events');
  const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');
  const job = workerData as ExtractJob;
  const children: ReturnType<typeof spawn>[] = [];
  let stopped = false;

  const ending = (child: ReturnType<typeof spawn>): Promise<string> => {
    let said = '';
    child.stderr?.on('data', (chunk: NodeBuffer) => {
      if (said.length < 500) said += chunk.toString('utf8');
    });
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, signal) => resolve(code === 0 ? '' : said.trim() || `exit ${code ?? signal}`));
    });
  };

  const run = async (): Promise<ExtractResult> => {
    const [unpacker, ...unpackerArguments] = job.decompress;
    const [tarName = 'tar', ...tarArguments] = job.tar;
    const tar = spawn(tarName, tarArguments, { cwd: job.directory, stdio: ['pipe', 'ignore', 'pipe'] });
    children.push(tar);
    const tarEnd = ending(tar);
    let source: AsyncIterable<NodeBuffer>;
    let sourceEnd: Promise<string> = Promise.resolve('');
    if (unpacker === undefined) source = createReadStream(job.blob, { highWaterMark: 1 << 18 });
    else {
      const input = openSync(job.blob, 'r');
      const child = spawn(unpacker, unpackerArguments, { stdio: [input, 'pipe', 'pipe'] });
      closeSync(input);
      children.push(child);
      sourceEnd = ending(child);
      source = child.stdout as AsyncIterable<NodeBuffer>;
    }
    const hash = createHash('sha256');
    // What follows the archive's end is not tar's business, but part of the layer.
    let open = true;
    tar.stdin?.once('error', () => {
      open = false;
    });
    tar.stdin?.once('close', () => {
      open = false;
    });
    for await (const chunk of source) {
      hash.update(chunk);
      if (open && tar.stdin && !tar.stdin.write(chunk)) {
        await Promise.race([once(tar.stdin, 'drain'), once(tar.stdin, 'close')]).catch(() => {});
      }
    }
    tar.stdin?.end();
    const problem = (await sourceEnd) || (await tarEnd);
    if (stopped) return { problem: 'stopped' };
    return problem === '' ? { digest: `sha256:${hash.digest('hex')}` } : { problem };
  };

  parentPort?.once('message', () => {
    stopped = true;
    for (const child of children) child.kill('SIGKILL');
  });
  const finish = (result: ExtractResult): void => {
    for (const child of children) child.kill('SIGKILL');
    parentPort?.postMessage(result);
    parentPort?.close();
  };
  run().then(finish, (error: unknown) => finish({ problem: String(error) }));
}
