import { buildHandlers } from './builds.ts';
import { checkpointHandlers } from './checkpoints.ts';
import { containerStreamHandlers } from './container-streams.ts';
import { containerUpgradeHandlers } from './container-upgrade.ts';
import { containerHandlers } from './containers.ts';
import { execHandlers } from './exec.ts';
import type { Handlers, PlainOperation } from './handler.ts';
import { imageTransferHandlers } from './image-transfer.ts';
import { imageHandlers } from './images.ts';
import { networkHandlers } from './networks.ts';
import { systemHandlers } from './system.ts';
import { volumeHandlers } from './volumes.ts';

/** One for every operation of the contract that stays HTTP; the compiler sees to it. */
export const HANDLERS: Handlers<PlainOperation> = {
  ...systemHandlers,
  ...containerHandlers,
  ...containerStreamHandlers,
  ...containerUpgradeHandlers,
  ...checkpointHandlers,
  ...execHandlers,
  ...imageHandlers,
  ...imageTransferHandlers,
  ...buildHandlers,
  ...networkHandlers,
  ...volumeHandlers,
};
