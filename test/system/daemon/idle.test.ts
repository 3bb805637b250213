/** What a daemon gives back to its host while nobody asks for anything. */
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { reclaimFilePages, residentFileBytes } from '@pouch/linux';
import { CHOSEN_RELEASE, releaseEnvironment } from '../../harness/containerd-release.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';

test('an idle daemon gives the pages of its containerd back, and works on with what it needs', async (t) => {
  try {
    await reclaimFilePages(process.pid);
  } catch (error) {
    if (/process_madvise|pidfd_open/.test(String(error))) return t.skip(`not on this host: ${String(error)}`);
    throw error;
  }
  const directory = await mkdtemp(join(tmpdir(), 'pouch-idle-'));
  t.after(async () => await rm(directory, { recursive: true }));
  // A file of its own: the pages of one that other daemons on this host run stay.
  const binary = join(directory, 'containerd');
  const { PATH = '' } = releaseEnvironment(CHOSEN_RELEASE);
  const { stdout } = await exec('sh', ['-c', 'command -v containerd'], { env: { PATH } });
  await copyFile(stdout.trim(), binary);
  await using daemon = await TestDaemon.start(['--containerd-binary', binary, '--idle-reclaim', '5']);
  await daemon.pouch(['run', '--rm', 'busybox', 'true']);
  const pid = daemon.containerdPid;
  const before = await residentFileBytes(pid);
  let after = before;
  for (let looks = 0; looks < 60 && after > before / 2; looks += 1) {
    await sleep(500);
    after = await residentFileBytes(pid);
  }
  assert.ok(after <= before / 2, `${before} bytes before, ${after} after 30 seconds`);
  assert.equal((await daemon.pouch(['run', '--rm', 'busybox', 'echo', 'on'])).stdout, 'on\n');
  assert.equal(daemon.containerdPid, pid);
});
