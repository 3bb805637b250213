import type { FollowSink, LogLine, Observed } from '@pouch/compose';
import type { Context } from '../app/context.ts';

const COLORS = ['36', '33', '32', '35', '34', '96', '93', '92', '95', '94'];

export interface PrinterOptions {
  readonly prefix: boolean;
  readonly color: boolean;
  /** Say when containers end. */
  readonly exits: boolean;
  /** Names of the containers that are known of, for the width of the column. */
  readonly names: readonly string[];
  readonly onExit?: (container: Observed, exitCode: number) => void;
}

/** The name of a container in logs: without the project. */
export function logName({ service, number, name, oneOff }: Observed, project: string): string {
  if (oneOff || number === 0) return name;
  return name === `${project}-${service}-${number}` || name.endsWith(`_${service}_${number}`)
    ? `${service}-${number}`
    : name;
}

/** Prints lines of several containers with their names in front, a colour for each. */
export class LogPrinter implements FollowSink {
  readonly #context: Context;
  readonly #project: string;
  readonly #options: PrinterOptions;
  readonly #colors = new Map<string, string>();
  #width: number;

  constructor(context: Context, project: string, options: PrinterOptions) {
    this.#context = context;
    this.#project = project;
    this.#options = options;
    this.#width = Math.max(0, ...options.names.map((name) => name.length));
  }

  async line(container: Observed, { text, stream }: LogLine): Promise<void> {
    await this.#context[stream].stream(Buffer.from(`${this.#head(container)}${text}\n`));
  }

  exited(container: Observed, exitCode: number): void {
    if (this.#options.exits) {
      this.#context.print(`${logName(container, this.#project)} exited with code ${exitCode}`);
    }
    this.#options.onExit?.(container, exitCode);
  }

  #head(container: Observed): string {
    if (!this.#options.prefix) return '';
    const name = logName(container, this.#project);
    this.#width = Math.max(this.#width, name.length);
    const head = `${name.padEnd(this.#width)}  | `;
    return this.#options.color ? `\u001b[${this.#color(name)}m${head}\u001b[0m` : head;
  }

  #color(name: string): string {
    let color = this.#colors.get(name);
    if (color === undefined) {
      color = COLORS[this.#colors.size % COLORS.length] ?? '36';
      this.#colors.set(name, color);
    }
    return color;
  }
}
