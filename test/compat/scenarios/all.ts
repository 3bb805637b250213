import type { Scenario } from '../harness/scenario.ts';
import { BUILDS } from './build.ts';
import { FILES } from './files.ts';
import { IMAGES } from './images.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { LISTING } from './listing.ts';
import { NETWORKS } from './networks.ts';
import { RUN } from './run.ts';
import { SHAPES } from './shapes.ts';
import { STREAMS } from './streams.ts';
import { SYSTEM } from './system.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...RUN,
  ...LIFECYCLE,
  ...LISTING,
  ...STREAMS,
  ...FILES,
  ...BUILDS,
  ...IMAGES,
  ...NETWORKS,
  ...SHAPES,
  ...SYSTEM,
];
