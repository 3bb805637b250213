import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMainThread } from 'node:worker_threads';
import { PouchError } from './errors.ts';
import { exec } from './exec.ts';
import { answerCalls, ThreadCaller } from './thread-caller.ts';

interface Functions {
  double(request: { number: number }): Promise<number>;
  count(request: { to: number }): void;
  fail(request: { code: 'not-found' | undefined }): never;
  failures(request: Record<never, never>): number;
  size(request: { bytes: Uint8Array }): number;
  hang(request: Record<never, never>): void;
  die(request: { how: 'error' | 'exit' }): Promise<never>;
}

/** This file is the thread's program too. */
function serve(): void {
  let failures = 0;
  answerCalls<Functions, number>(
    {
      double: async ({ number }) => await Promise.resolve(number * 2),
      count: ({ to }, tell) => {
        for (let number = 1; number <= to; number += 1) tell(number);
      },
      fail: ({ code }) => {
        if (code) throw new PouchError(code, 'It is not there.');
        throw new RangeError('It is too far.');
      },
      failures: () => failures,
      size: ({ bytes }) => bytes.length,
      hang: (_request, tell) => {
        tell(0);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      },
      die: async ({ how }) => {
        if (how === 'exit') process.exit(3);
        setImmediate(() => {
          throw new Error('It fell over.');
        });
        return await new Promise<never>(() => {});
      },
    },
    (error) => {
      failures += 1;
      return error instanceof RangeError ? new Error('It is far too far.') : error;
    },
  );
}

function start(): ThreadCaller<Functions, number> & Disposable {
  const thread = new ThreadCaller<Functions, number>(new URL(import.meta.url), { name: 'test' });
  return Object.assign(thread, { [Symbol.dispose]: () => thread.terminate() });
}

if (isMainThread) {
  test('a call is answered, and told of before its answer', async () => {
    using thread = start();
    assert.equal(await thread.call('double', { number: 21 }), 42);
    const told: number[] = [];
    const call = thread.call('count', { to: 3 }, { onNote: (number) => told.push(number) });
    assert.equal(thread.busy, true);
    assert.equal(await call, undefined);
    assert.equal(thread.busy, false);
    assert.deepEqual(told, [1, 2, 3]);
    const bytes = new Uint8Array(1000);
    assert.equal(await thread.call('size', { bytes }, { transfer: [bytes.buffer] }), 1000);
    assert.equal(bytes.length, 0, 'the bytes went over');
  });

  test('an error comes back with its code, after the thread has tidied up, and the thread goes on', async () => {
    using thread = start();
    const lost = { name: 'PouchError', code: 'not-found', message: 'It is not there.' };
    await assert.rejects(thread.call('fail', { code: 'not-found' }), lost);
    await assert.rejects(thread.call('fail', { code: undefined }), { code: 'internal', message: 'It is far too far.' });
    assert.equal(await thread.call('failures', {}), 2);
    // What cannot be sent never comes to the thread.
    const unsendable = { number: (() => {}) as unknown as number };
    await assert.rejects(thread.call('double', unsendable), { name: 'DataCloneError' });
    assert.equal(thread.busy, false);
    assert.equal(await thread.call('failures', {}), 2);
  });

  for (const [how, message] of [
    ['error', 'It fell over.'],
    ['exit', "The thread 'test' ended early."],
  ] as const) {
    test(`a thread that dies of an ${how} fails the call in flight and every later one`, {
      timeout: 10_000,
    }, async () => {
      using thread = start();
      const died = { name: 'PouchError', code: 'internal', message };
      await assert.rejects(thread.call('die', { how }), died);
      assert.equal(thread.alive, false);
      assert.equal(thread.busy, false);
      await assert.rejects(thread.call('double', { number: 1 }), died);
      await thread.ended();
    });
  }

  test('a thread that is ended fails the call in flight as cancelled, also one that hangs', {
    timeout: 10_000,
  }, async () => {
    using thread = start();
    const hangs = Promise.withResolvers<number>();
    const call = thread.call('hang', {}, { onNote: hangs.resolve });
    await hangs.promise;
    thread.terminate();
    assert.equal(thread.alive, false);
    await assert.rejects(call, { code: 'cancelled' });
    await thread.ended();
    await assert.rejects(thread.call('double', { number: 1 }), { code: 'cancelled' });
  });

  test('a thread keeps the process alive while it is called, and not at rest', async () => {
    const script = `
      import { ThreadCaller } from '${import.meta.dirname}/thread-caller.ts';
      const thread = new ThreadCaller(new URL('${import.meta.url}'), { name: 'test', execArgv: [] });
      console.log(await thread.call('double', { number: 4 }));`;
    const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 });
    assert.equal(stdout.trim(), '8');
  });
} else {
  serve();
}
