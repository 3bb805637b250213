/** Beside cli.test.ts and not in it: these need an engine of their own, and need not wait for the others. */
import { suiteOf } from './harness/scenario-suite.ts';
import { SCENARIOS } from './scenarios/all.ts';

suiteOf(
  'what looks at the whole engine',
  SCENARIOS.filter(({ alone }) => alone),
);
