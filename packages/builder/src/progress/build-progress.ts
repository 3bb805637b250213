import { StringDecoder } from 'node:string_decoder';
import type { StatusResponse, Vertex, VertexStatus } from '../generated/buildkit/control.ts';

type Time = NonNullable<Vertex['started']>;

/** A step of a build, as far as it has come. */
export interface BuildStep {
  /** In the order in which steps began, from 1. */
  readonly number: number;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly completed: number | undefined;
  /** Milliseconds of work, without pauses: a step may go on after it was done. */
  readonly elapsed: number;
  readonly cached: boolean;
  /** Why it failed; a step that was cancelled because another failed has one, too. */
  readonly error: string | undefined;
}

/** Something in a step that is counted, mostly bytes. */
export interface StepCount {
  readonly id: string;
  readonly current: number;
  /** 0 where nobody knows. */
  readonly total: number;
  readonly done: boolean;
  /** Milliseconds that it took. */
  readonly elapsed: number;
}

/** Whoever shows a build. */
export interface BuildView {
  /** A step that went on after its end begins once more, under its number. */
  begun(step: BuildStep): void;
  /** A whole line of the step's output, without the line break. `at` is milliseconds since the step began. */
  line(step: BuildStep, text: string, at: number): void;
  count(step: BuildStep, count: StepCount): void;
  ended(step: BuildStep): void;
  warning(text: string): void;
}

/** Whether a step's error is only that it was given up, because another one failed or the user went. */
export function isCancelled(error: string): boolean {
  return error.includes('context canceled');
}

interface Known {
  step: BuildStep;
  /** Output after the last line break. */
  partial: string;
  readonly decoder: StringDecoder;
}

/** BuildKit's reports of changes, told as what happens to the steps of a build. */
export class BuildProgress {
  readonly #view: BuildView;
  readonly #steps = new Map<string, Known>();

  constructor(view: BuildView) {
    this.#view = view;
  }

  update({ vertexes, statuses, logs, warnings }: StatusResponse): void {
    for (const vertex of vertexes) this.#begin(vertex);
    for (const status of statuses) this.#count(status);
    for (const { vertex, msg, timestamp } of logs) this.#log(vertex, msg, timestamp ? milliseconds(timestamp) : 0);
    for (const vertex of vertexes) this.#end(vertex);
    for (const { short } of warnings) this.#view.warning(Buffer.from(short).toString());
  }

  /** A step begins when it starts, and anew when it does so once more. Steps that never start are not shown. */
  #begin(vertex: Vertex): void {
    if (!vertex.started) return;
    const started = milliseconds(vertex.started);
    const known = this.#steps.get(vertex.digest);
    if (known && (known.step.completed === undefined || started <= known.step.completed)) return;
    const number = known?.step.number ?? this.#steps.size + 1;
    const elapsed = known?.step.elapsed ?? 0;
    const step = { number, name: vertex.name, started, elapsed, completed: undefined, cached: false, error: undefined };
    this.#steps.set(vertex.digest, { step, partial: '', decoder: new StringDecoder() });
    this.#view.begun(step);
  }

  #end(vertex: Vertex): void {
    const known = this.#steps.get(vertex.digest);
    if (!known || !vertex.completed || known.step.completed !== undefined) return;
    const completed = milliseconds(vertex.completed);
    if (completed < known.step.started) return;
    if (known.partial !== '') this.#view.line(known.step, known.partial, completed - known.step.started);
    known.partial = '';
    const elapsed = known.step.elapsed + completed - known.step.started;
    known.step = { ...known.step, completed, elapsed, cached: vertex.cached, error: vertex.error || undefined };
    this.#view.ended(known.step);
  }

  #count(status: VertexStatus): void {
    const known = this.#steps.get(status.vertex);
    if (!known) return;
    const { started, completed, timestamp } = status;
    const until = completed ?? timestamp;
    this.#view.count(known.step, {
      id: status.ID,
      current: Number(status.current),
      total: Number(status.total),
      done: completed !== undefined,
      elapsed: started && until ? Math.max(0, milliseconds(until) - milliseconds(started)) : 0,
    });
  }

  #log(digest: string, message: Uint8Array, time: number): void {
    const known = this.#steps.get(digest);
    if (!known) return;
    const lines = (known.partial + known.decoder.write(Buffer.from(message))).split('\n');
    known.partial = lines.pop() ?? '';
    const at = Math.max(0, time - known.step.started);
    for (const line of lines) this.#view.line(known.step, line.replace(/\r$/, ''), at);
  }
}

function milliseconds({ seconds, nanos }: Time): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
