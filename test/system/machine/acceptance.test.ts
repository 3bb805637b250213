/**
 * A machine with everything that was ordered at once, and still so after each program of Pouch's was killed. It asks nothing of the
 * version of control groups.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { OrderedMachine, withoutAcceptance } from './acceptance.kit.ts';

const skip = await withoutAcceptance();
let machine: OrderedMachine | undefined;
let pid = 0;

before(async () => {
  if (!skip) machine = await OrderedMachine.start();
});
after(async () => await machine?.[Symbol.asyncDispose]());

test('a machine has the init, memory, CPU, disk, bandwidth and SSH that were ordered', { skip }, async () => {
  await machine?.check();
  pid = (await machine?.pid()) ?? 0;
  assert.ok(pid > 1);
});

for (const what of ['pouchd', 'containerd', 'lxcfs'] as const) {
  test(`all of it is still so after kill -9 of ${what}`, { skip }, async () => {
    await machine?.kill(what);
    await machine?.check();
    assert.equal(await machine?.pid(), pid, 'it was not started anew');
  });
}
