import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusResponse } from '../generated/buildkit/control.ts';
import { BuildProgress } from './build-progress.ts';
import { PlainView } from './plain-view.ts';

type Partial = Parameters<typeof StatusResponse.fromPartial>[0];

const at = (ms: number): { seconds: bigint; nanos: number } => ({
  seconds: BigInt(Math.trunc(ms / 1000)),
  nanos: (ms % 1000) * 1e6,
});

function shown(...statuses: Partial[]): string[] {
  const lines: string[] = [];
  const progress = new BuildProgress(new PlainView((line) => lines.push(line)));
  for (const status of statuses) progress.update(StatusResponse.fromPartial(status));
  return lines.filter((line) => line !== '');
}

test('steps have numbers in the order in which they begin; lines are whole whatever the pieces are', () => {
  const log = (msg: string, ms: number): object => ({ vertex: 'b', msg: Buffer.from(msg), timestamp: at(ms) });
  assert.deepEqual(
    shown(
      {
        vertexes: [
          { digest: 'a', name: 'waits' },
          { digest: 'b', name: 'RUN x', started: at(1000) },
        ],
      },
      { logs: [log('one\ntw', 1100), log('o\r\n', 1200)] },
      { vertexes: [{ digest: 'a', name: 'waits', started: at(1300), completed: at(1300), cached: true }] },
      { logs: [log('grü', 1400), log('ße', 1400)] },
      { vertexes: [{ digest: 'b', name: 'RUN x', started: at(1000), completed: at(2500) }] },
    ),
    ['#1 RUN x', '#1 0.100 one', '#1 0.200 two', '#2 waits', '#2 CACHED', '#1 1.500 grüße', '#1 DONE 1.5s'],
  );
});

test('a character that two messages share is one; what a step counts is told when it is done', () => {
  const bytes = Buffer.from('ü\n');
  assert.deepEqual(
    shown(
      { vertexes: [{ digest: 'a', name: 'load', started: at(0) }] },
      {
        logs: [
          { vertex: 'a', msg: bytes.subarray(0, 1) },
          { vertex: 'a', msg: bytes.subarray(1) },
        ],
      },
      { statuses: [{ vertex: 'a', ID: 'transferring', current: 5n, started: at(0) }] },
      { statuses: [{ vertex: 'a', ID: 'transferring', current: 2500n, started: at(0), completed: at(100) }] },
      { statuses: [{ vertex: 'nobody', ID: 'x', completed: at(1) }] },
    ),
    ['#1 load', '#1 0.000 ü', '#1 transferring 2.50kB 0.1s done'],
  );
});

test('a step that goes on keeps its number, and its time is that of its parts', () => {
  assert.deepEqual(
    shown(
      { vertexes: [{ digest: 'a', name: 'FROM x', started: at(0), completed: at(100) }] },
      { vertexes: [{ digest: 'a', name: 'FROM x', started: at(1000) }] },
      { statuses: [{ vertex: 'a', ID: 'extracting', started: at(1000), completed: at(1010) }] },
      { vertexes: [{ digest: 'a', name: 'FROM x', started: at(1000), completed: at(1200) }] },
      { vertexes: [{ digest: 'a', name: 'FROM x', started: at(1000), completed: at(1200) }] },
    ),
    ['#1 FROM x', '#1 DONE 0.1s', '#1 extracting done', '#1 DONE 0.3s'],
  );
});

test('a step that failed says why, and one that was given up only that', () => {
  const ended = { started: at(0), completed: at(10) };
  assert.deepEqual(
    shown({
      vertexes: [
        { digest: 'a', name: 'one', ...ended, error: 'exit code: 7' },
        { digest: 'b', name: 'two', ...ended, error: 'rpc error: context canceled' },
      ],
      warnings: [{ vertex: 'a', short: Buffer.from('careful') }],
    }),
    ['#1 one', '#2 two', '#1 ERROR: exit code: 7', '#2 CANCELED', 'WARNING: careful'],
  );
});
