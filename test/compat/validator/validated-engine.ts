import { dirname, join } from 'node:path';
import { PouchError } from '@pouch/base';
import type { Engine } from '../harness/engine.ts';
import { RecordingProxy } from './recording-proxy.ts';
import { ValidationReport } from './report.ts';

/** An engine whose every answer is checked on its way to the client. */
export interface ValidatedEngine extends Engine {
  readonly report: ValidationReport;
  /** The socket without the check in front of it. */
  readonly directSocket: string;
}

/**
 * Put the validator in front of an engine. Disposing takes both away, and throws `conflict` when an answer was not valid: no
 * run that holds one succeeds.
 */
export async function validated(engine: Engine): Promise<ValidatedEngine> {
  const report = new ValidationReport();
  const socket = join(dirname(engine.socket), 'validated.sock');
  const proxy = await RecordingProxy.start({
    listen: socket,
    upstream: engine.socket,
    onExchange: report.add,
    onUnreadable: report.unreadable,
  });
  return {
    ...engine,
    socket,
    directSocket: engine.socket,
    report,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      if (report.faults.length > 0) {
        throw new PouchError('conflict', `${engine.name} gave answers that are not valid:\n${report.summary()}`);
      }
    },
  };
}
