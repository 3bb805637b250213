/** Beside cli.test.ts and not in it: what looks at the whole engine needs one of its own, and need not wait for the others. */
import { suiteOf } from './harness/scenario-suite.ts';
import { SCENARIOS } from './scenarios/all.ts';

suiteOf(
  'what looks at the whole engine',
  SCENARIOS.filter(({ alone }) => alone),
);
