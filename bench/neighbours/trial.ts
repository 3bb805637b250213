import { sleep } from '@pouch/base';
import { mountOf, readMounts } from '@pouch/linux';
import type { Stage } from './stage.ts';

type HostConfig = Record<string, unknown>;

/** What is measured of a victim; more is better. */
export interface Trial {
  readonly resource: string;
  readonly measure: string;
  /** HostConfig of the victim and of the neighbour with its limit; `disk` is the block device under both. */
  readonly victim?: (disk: string) => HostConfig;
  readonly limit: (disk: string) => HostConfig;
  /** What the neighbour has with and without its limit. */
  readonly neighbour?: HostConfig;
  /** The neighbour's flags, as the table shows them. */
  readonly flags: string;
  /** Why it cannot be done here. */
  readonly skip?: string | undefined;
  readonly stage?: Parameters<typeof Stage.build>[0];
  /** Makes the small host smaller, once a container is there. */
  squeeze?(stage: Stage): Promise<void>;
  /** What the neighbour does at full power. */
  readonly noise: string;
  score(stage: Stage, victim: string): Promise<number>;
}

export interface Outcome {
  readonly alone: number;
  readonly unlimited: number;
  readonly limited: number;
}

/** The victim alone, beside a neighbour without a limit, and beside one with it. */
export async function perform(trial: Trial, stage: Stage): Promise<Outcome> {
  const disk = await deviceUnder(stage.disk);
  const once = async (neighbour: HostConfig | undefined): Promise<number> => {
    await stage.container('victim', trial.victim?.(disk));
    try {
      await trial.squeeze?.(stage);
      if (neighbour) {
        await stage.container('neighbour', neighbour);
        await stage.leave('neighbour', trial.noise);
      }
      return await trial.score(stage, 'victim');
    } finally {
      await stage.remove('neighbour', 'victim');
      // containerd deletes what was in a snapshot a little later.
      await sleep(4000);
    }
  };
  return {
    alone: await once(undefined),
    unlimited: await once(trial.neighbour ?? {}),
    limited: await once({ ...trial.neighbour, ...trial.limit(disk) }),
  };
}

async function deviceUnder(directory: string): Promise<string> {
  return mountOf(await readMounts(), directory)?.source ?? '';
}

/** Per cent that the victim lost; never less than nothing. */
export function loss(alone: number, beside: number): number {
  return Math.max(0, (1 - beside / alone) * 100);
}
