import { PouchError } from '@pouch/base';

/** A command of RUN ended with another exit code than 0. */
export class BuildStepError extends PouchError {
  /** What clients find as `errorDetail.code`. */
  readonly exitCodeOfStep: number;

  constructor(command: readonly string[], exitCode: number) {
    super('internal', `The command '${command.join(' ')}' returned a non-zero code: ${exitCode}`);
    this.exitCodeOfStep = exitCode;
  }
}
