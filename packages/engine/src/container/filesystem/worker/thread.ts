import { answerCalls, errnoCode, PouchError } from '@pouch/base';
import { FileOperations } from './operations.ts';
import type { Operations } from './protocol.ts';

/** The thread's own program: one request, one answer. */
const operations = new FileOperations();

answerCalls<Operations>(operations, (error) => {
  operations.reset();
  return errnoCode(error) === 'ENOSPC' ? new PouchError('internal', 'no space left on device') : error;
});
