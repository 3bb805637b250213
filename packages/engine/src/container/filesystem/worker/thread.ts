import { parentPort } from 'node:worker_threads';
import { asPouchError, errnoCode } from '@pouch/base';
import { FileOperations } from './operations.ts';
import type { AnswerMessage, RequestMessage } from './protocol.ts';

/** The thread's own program: one request, one answer. */
const operations = new FileOperations();

parentPort?.on('message', ({ operation, request }: RequestMessage) => {
  void answer(operation, request).then((message) => parentPort?.postMessage(message));
});

async function answer(operation: RequestMessage['operation'], request: unknown): Promise<AnswerMessage> {
  try {
    return { answer: await (operations[operation] as (request: unknown) => unknown)(request) };
  } catch (error) {
    operations.reset();
    const { code, message } = asPouchError(error);
    return {
      failure:
        errnoCode(error) === 'ENOSPC' ? { code: 'internal', message: 'no space left on device' } : { code, message },
    };
  }
}
