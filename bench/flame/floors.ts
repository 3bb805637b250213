import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '@pouch/base';
import { busyboxArchive } from '../../test/harness/busybox-image.ts';
import { median } from '../measure.ts';

/** Milliseconds of `crun run` and `runc run` by themselves on a ready bundle: no engine can be below them. */
export async function measureFloors(directory: string, runs: number): Promise<Record<string, number>> {
  const bundle = join(directory, 'bundle');
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  await busyboxArchive(join(directory, 'rootfs.tar'));
  await exec('tar', ['-C', join(bundle, 'rootfs'), '-xf', join(directory, 'rootfs.tar')]);
  await exec('crun', ['spec', '--bundle', bundle]);
  const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as {
    process: { terminal: boolean; args: string[] };
  };
  spec.process.terminal = false;
  spec.process.args = ['true'];
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  const times: Record<string, number[]> = {};
  for (let run = 0; run <= runs; run += 1) {
    for (const runtime of ['crun', 'runc']) {
      const begin = performance.now();
      const { code } = await exec(runtime, ['run', '--bundle', bundle, `pouch-bench-${process.pid}`], {
        allowFailure: true,
      });
      if (run > 0 && code === 0) (times[runtime] ??= []).push(performance.now() - begin);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([runtime, values]) => [`${runtime} run`, median(values)]));
}
