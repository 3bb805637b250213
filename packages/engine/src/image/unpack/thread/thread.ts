import { parentPort } from 'node:worker_threads';
import { errorMessage } from '@pouch/base';
import { extract } from './extract.ts';
import type { ExtractJob, InheritJob, JobMessage, LayerJobs, SurveyJob, ThreadMessage } from './protocol.ts';
import { inherit, survey } from './stage-tree.ts';

/** The thread's own program: one job after the other, in blocking calls. */
const tell = (message: ThreadMessage): void => parentPort?.postMessage(message);

parentPort?.on('message', (message: JobMessage) => {
  answer(message).then(
    (value) => tell({ answer: value }),
    (error: unknown) => tell({ problem: errorMessage(error) }),
  );
});

async function answer({ kind, job }: JobMessage): Promise<LayerJobs[JobMessage['kind']]['answer']> {
  if (kind === 'extract') return await extract(job as ExtractJob, (started) => tell({ started }));
  if (kind === 'survey') return survey(job as SurveyJob);
  inherit(job as InheritJob);
  return undefined;
}
