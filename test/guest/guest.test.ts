/**
 * A few tests in a virtual machine whose kernel has what this host's may lack: control groups of version 2 alone, and project quota.
 * `test/guest/run` runs any others there.
 */
import { test } from 'node:test';
import { Guest, withoutGuest } from './guest.ts';

const FILES = ['test/guest/inside/project-quota.test.ts', 'test/guest/inside/pure-v2.test.ts'];
const MINUTE = 60_000;
/** Five minutes of an own processor: too long for every run of everything. */
const unasked =
  process.env['POUCH_TEST_GUEST'] !== '1' && 'the virtual machine runs for scripts/test guest, or POUCH_TEST_GUEST=1';

test('in the guest', { skip: unasked || withoutGuest(), timeout: 14 * MINUTE }, async (t) => {
  await using guest = await Guest.start({
    files: FILES,
    patience: 15,
    timeout: 12 * MINUTE,
    init: 'script',
    data: 'ext4',
    interactive: false,
    processors: 1,
    deadline: 12 * MINUTE,
  });
  let ended: number | undefined;
  for await (const event of guest.events()) {
    if (event.kind === 'said') t.diagnostic(event.text.trimEnd());
    if (event.kind === 'end') ended = event.code;
    if (event.kind !== 'test') continue;
    const name = [...event.path, event.name].join(': ');
    const skip = event.outcome === 'skipped' ? `in the guest: ${event.detail}` : false;
    await t.test(name, { skip }, () => {
      if (event.outcome === 'failed') throw new Error(`${event.detail}\n    in ${event.file}`);
    });
  }
  if (ended !== 0) throw new Error(`node --test ended with ${ended} in the guest:\n${guest.console()}`);
});
