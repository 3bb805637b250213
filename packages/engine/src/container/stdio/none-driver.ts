import { PouchError } from '@pouch/base';
import type { OutputChunk } from '../container-service.ts';
import type { LogDriver, LogPosition } from './log-driver.ts';

/** Keeps nothing. */
export class NoneDriver implements LogDriver {
  readonly name = 'none';
  readonly readable = false;

  open(): void {}

  append(): void {}

  position(): LogPosition {
    return {};
  }

  read(): AsyncIterable<OutputChunk> {
    throw new PouchError('unsupported', 'configured logging driver does not support reading');
  }

  [Symbol.dispose](): void {}
}
