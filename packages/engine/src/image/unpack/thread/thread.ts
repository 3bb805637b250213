import { answerCalls } from '@pouch/base';
import { extract } from './extract.ts';
import type { LayerJobs, Started } from './protocol.ts';
import { inherit, survey } from './stage-tree.ts';

/** The thread's own program: one job after the other, in blocking calls. */
answerCalls<LayerJobs, Started>({ extract, survey, inherit });
