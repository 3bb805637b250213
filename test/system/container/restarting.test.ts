/** What clients see of a container in the moments in which it is being started. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ContainerSummary } from '@pouch/api';
import { sleep } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually, inspect, remove, start, untilStatus } from './container.kit.ts';

const ALWAYS = { HostConfig: { RestartPolicy: { Name: 'always' } } };

let daemon: TestDaemon;
before(async () => {
  daemon = await TestDaemon.start();
});
after(async () => await daemon[Symbol.asyncDispose]());

/** Look at it until `work` is done: every state that was seen. */
async function statesDuring(id: string, work: Promise<unknown>): Promise<Set<string>> {
  const seen = new Set<string>();
  let done = false;
  void work.finally(() => (done = true));
  while (!done) {
    const { State } = await inspect(daemon, id);
    seen.add(`${State.Status}, running ${State.Running}, restarting ${State.Restarting}`);
  }
  await work;
  return seen;
}

async function listed(id: string): Promise<ContainerSummary[]> {
  const filters = encodeURIComponent(JSON.stringify({ id: [id] }));
  return (await daemon.ok('GET', `/containers/json?filters=${filters}`)).json as ContainerSummary[];
}

async function restarts(id: string, count: number): Promise<void> {
  while ((await inspect(daemon, id)).RestartCount < count) {
    const [found] = await listed(id);
    assert.ok(found, 'it is not among those that run');
    assert.match(found.State, /^(running|restarting)$/);
    assert.match(found.Status, /^(Up|Restarting \(1\)) /);
  }
}

test('while its policy starts it a container is restarting or running, and never anything else', async () => {
  const id = await start(daemon, ['sh', '-c', 'exit 1'], ALWAYS);
  const seen = await statesDuring(id, restarts(id, 5));
  const allowed = ['running, running true, restarting false', 'restarting, running true, restarting true'];
  assert.deepEqual(
    [...seen].filter((state) => !allowed.includes(state)),
    [],
  );
  await untilStatus(daemon, id, 'restarting');
  const refusals: readonly [string, string, object?][] = [
    ['DELETE', `/containers/${id}`],
    ['POST', `/containers/${id}/exec`, { Cmd: ['true'] }],
  ];
  for (const [method, path, body] of refusals) {
    const { status, text } = await daemon.api(method, path, body);
    assert.equal(status, 409, text);
    assert.match(text, /is restarting/);
  }
  await remove(daemon, id);
});

/** Its ends that have been told. */
async function deaths(id: string): Promise<number> {
  const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['die'] }));
  const { text } = await daemon.ok('GET', `/events?since=1&until=${Math.ceil(Date.now() / 1000)}&filters=${filters}`);
  return text.split('\n').filter((line) => line !== '').length;
}

test('whoever waits is told of an end that comes, not of the last one while its policy starts it', async () => {
  const id = await start(daemon, ['sh', '-c', 'exit 1'], ALWAYS);
  const { State, RestartCount } = await untilStatus(daemon, id, 'restarting');
  await eventually('the end is told', async () => (await deaths(id)) > RestartCount);
  const waits: Promise<void>[] = [];
  // One after the other begins, until the next run has ended.
  while ((await inspect(daemon, id)).State.FinishedAt === State.FinishedAt) {
    const wait = daemon.ok('POST', `/containers/${id}/wait`).then(async () => {
      assert.ok((await inspect(daemon, id)).State.FinishedAt > State.FinishedAt);
    });
    waits.push(wait);
    await sleep(5);
  }
  assert.ok(waits.length > 5, `${waits.length} waits`);
  await Promise.all(waits);
  await remove(daemon, id);
});

test('what a user starts again is shown as exited until it runs', async () => {
  const id = await start(daemon, ['sh', '-c', 'exit 3']);
  await untilStatus(daemon, id, 'exited');
  const seen = await statesDuring(id, daemon.ok('POST', `/containers/${id}/start`));
  for (const state of seen) assert.match(state, /^(exited|running), /);
  await remove(daemon, id);
});
