import { background, type Logger } from '@pouch/base';

/** Something to do once in each pause between requests. */
export interface IdleTask {
  readonly name: string;
  /** Milliseconds without requests before it is done. */
  readonly after: number;
  run(): void | Promise<void>;
}

/** Milliseconds between two looks. */
const INTERVAL = 5000;

/** Does what waits for a pause: looks every five seconds whether requests have come, and if none has, does what is due. */
export class IdleWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #requests: () => number;
  readonly #tasks: readonly IdleTask[];
  readonly #logger: Logger;
  #seen = -1;
  #quietFor = 0;

  /** `requests` counts the requests that have come so far. */
  constructor(tasks: readonly IdleTask[], dependencies: { readonly requests: () => number; readonly logger: Logger }) {
    this.#tasks = tasks;
    this.#requests = dependencies.requests;
    this.#logger = dependencies.logger;
    this.#timer = setInterval(() => this.#look(), INTERVAL).unref();
  }

  #look(): void {
    const requests = this.#requests();
    const before = this.#quietFor;
    this.#quietFor = requests === this.#seen ? before + INTERVAL : 0;
    this.#seen = requests;
    for (const task of this.#tasks) {
      if (before >= task.after || this.#quietFor < task.after) continue;
      background((async () => await task.run())(), (error) =>
        this.#logger.debug('what waited for a pause could not be done', { task: task.name, error }),
      );
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
