import { spawn } from 'node:child_process';
import { PouchError } from './errors.ts';

export interface ExecOptions {
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds; the process is killed after it. Default 30,000. */
  readonly timeout?: number;
  /** Return instead of throwing when the exit code is not 0. */
  readonly allowFailure?: boolean;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Run a host program to its end and collect what it printed (UTF-8). Throws `unsupported` when it is not installed and
 * `internal` with its standard error when it fails.
 */
export async function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout ?? 30_000,
    killSignal: 'SIGKILL',
    ...(options.signal && { signal: options.signal }),
    ...(options.env && { env: { ...process.env, ...options.env } }),
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      reject(
        missing ? new PouchError('unsupported', `${command} is not installed on this host.`, { cause: error }) : error,
      );
    });
    child.once('close', (exitCode, signal) => resolve(exitCode ?? (signal ? 137 : 1)));
  });
  const result = {
    code,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
  if (code !== 0 && !options.allowFailure) {
    const said = result.stderr.trim() || result.stdout.trim() || 'it printed nothing';
    throw new PouchError('internal', `${command} ${args.join(' ')} failed with exit code ${code}: ${said}`);
  }
  return result;
}
