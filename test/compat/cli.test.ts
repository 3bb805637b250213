import { suiteOf } from './harness/scenario-suite.ts';
import { SCENARIOS } from './scenarios/all.ts';

suiteOf(
  'what a user does beside others',
  SCENARIOS.filter(({ alone }) => !alone),
);
