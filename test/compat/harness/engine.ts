/** An engine that clients are run against: a daemon of its own in a network namespace of its own. */
export interface Engine extends AsyncDisposable {
  readonly name: 'pouch' | 'docker';
  /** Everything of it lies below. */
  readonly directory: string;
  /** Path of the unix socket of its API. */
  readonly socket: string;
  /** Process ids of the daemon and its containerd. */
  pids(): number[];
  /** A command line as it runs where the engine's published ports and bridges are. */
  wrap(command: readonly string[]): string[];
}

/** The two that are held against each other. */
export interface Engines {
  readonly pouch: Engine;
  readonly docker: Engine;
}
