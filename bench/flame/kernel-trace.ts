import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Span } from './span.ts';

const TRACEFS = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'].find((path) =>
  existsSync(join(path, 'instances')),
);
const EVENTS = ['sched_process_fork', 'sched_process_exec', 'sched_process_exit'];

/**
 * When programs start and end, from the kernel's scheduler events: in a trace instance of our own, which nobody else's
 * tracing meets. Undefined where the kernel has no tracefs.
 */
export class KernelTrace implements Disposable {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static open(): KernelTrace | undefined {
    if (!TRACEFS) return undefined;
    const directory = join(TRACEFS, 'instances', `pouch-bench-${process.pid}`);
    mkdirSync(directory);
    const trace = new KernelTrace(directory);
    try {
      writeFileSync(join(directory, 'trace_clock'), 'mono');
      for (const event of EVENTS) writeFileSync(join(directory, `events/sched/${event}/enable`), '1');
    } catch (error) {
      trace[Symbol.dispose]();
      throw error;
    }
    return trace;
  }

  /** Forget what was seen up to now. */
  clear(): void {
    writeFileSync(join(this.#directory, 'trace'), '');
  }

  /** The programs started since by these processes and theirs; an end that is not seen yet is Infinity. */
  programs(roots: readonly number[]): Span[] {
    return programsOf(readFileSync(join(this.#directory, 'trace'), 'utf8'), new Set(roots.flatMap(threadsOf)));
  }

  [Symbol.dispose](): void {
    rmdirSync(this.#directory);
  }
}

/** The threads of a process, itself among them: the one that forks is the one that the kernel names. */
function threadsOf(pid: number): number[] {
  return [pid, ...(existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`).map(Number) : [])];
}

function programsOf(trace: string, family: Set<number>): Span[] {
  const born = new Map<number, number>();
  const running = new Map<number, { name: string; begin: number; end: number }>();
  const found: Span[] = [];
  for (const line of trace.split('\n')) {
    const [, seconds, event, rest = ''] = /\s(\d+\.\d+): (\w+): (.*)$/.exec(line) ?? [];
    if (!event) continue;
    const at = Number(seconds) * 1000;
    const pid = Number(/\bpid=(\d+)/.exec(rest)?.[1]);
    if (event === 'sched_process_fork') {
      if (!family.has(pid)) continue;
      const child = Number(/child_pid=(\d+)/.exec(rest)?.[1]);
      family.add(child);
      born.set(child, at);
    } else if (event === 'sched_process_exec' && family.has(pid)) {
      const filename = /filename=(\S+)/.exec(rest)?.[1] ?? '?';
      const before = running.get(pid);
      // crun goes on as a sealed copy of itself, executed by its file descriptor.
      if (before && /^\/(proc\/self|dev)\/fd\//.test(filename)) continue;
      if (before) before.end = at;
      const span = {
        name: basename(filename),
        begin: before ? at : (born.get(pid) ?? at),
      };
      const open = { ...span, end: Number.POSITIVE_INFINITY };
      running.set(pid, open);
      found.push(open);
    } else if (event === 'sched_process_exit') {
      const ended = running.get(pid);
      if (ended) ended.end = at;
      running.delete(pid);
    }
  }
  return found;
}
