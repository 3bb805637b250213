import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { BothEngines, clientEnvironment } from './harness/both.ts';
import { missingForComparison, onPath } from './harness/docker-engine.ts';
import { Terminal } from './harness/terminal.ts';

const missing = missingForComparison() ?? (onPath('tmux') ? undefined : 'tmux is not installed (apt-get install tmux)');
const PROMPT = /\/ # *$/;

describe('people at terminals', { skip: missing ?? false, concurrency: 4 }, () => {
  let both: BothEngines;
  before(async () => {
    both = await BothEngines.start();
  });
  after(async () => await both[Symbol.asyncDispose]());

  for (const name of ['pouch', 'docker'] as const) {
    test(`docker run -it on ${name}: prompt, resize, ctrl-c, detach, attach again, exit code`, async () => {
      const env = clientEnvironment(both[name]);
      await using terminal = await Terminal.open('docker run -it --name typed busybox sh; echo ended $?', {
        env,
        columns: 80,
        rows: 24,
      });
      await terminal.shows(PROMPT);
      await terminal.line('stty size');
      await terminal.shows(/^24 80$/m);
      await terminal.resize(111, 33);
      await sleep(500);
      await terminal.line('stty size');
      await terminal.shows(/^33 111$/m);
      await terminal.line('echo begun; sleep 100');
      await terminal.shows(/^begun$/m);
      await terminal.keys('C-c');
      await terminal.line('echo after the interrupt');
      await terminal.shows(/^after the interrupt$/m);
      await terminal.keys('C-p', 'C-q');
      await terminal.shows(/\/ # ended 0$/);
      const state = await exec('docker', ['inspect', '--format', '{{.State.Running}}', 'typed'], { env });
      assert.equal(state.stdout.trim(), 'true');

      await using again = await Terminal.open('docker attach typed; echo ended $?', { env, columns: 90, rows: 30 });
      await sleep(500);
      await again.keys('Enter');
      await again.shows(PROMPT);
      await again.line('stty size');
      await again.shows(/^30 90$/m);
      await again.line('exit 7');
      await again.shows(/^ended 7$/m);
    });

    test(`docker exec -it on ${name} follows the terminal's size and ends with the command's code`, async () => {
      const env = clientEnvironment(both[name]);
      await exec('docker', ['run', '-d', '--name', 'host', 'busybox', 'sleep', '600'], { env });
      await using terminal = await Terminal.open('docker exec -it -e PS1="in> " host sh; echo ended $?', {
        env,
        columns: 70,
        rows: 20,
      });
      await terminal.shows(/in> *$/);
      await terminal.line('stty size');
      await terminal.shows(/^20 70$/m);
      await terminal.resize(99, 44);
      await sleep(500);
      await terminal.line('stty size');
      await terminal.shows(/^44 99$/m);
      await terminal.line('exit 5');
      await terminal.shows(/^ended 5$/m);
      await exec('docker', ['rm', '-f', 'host'], { env });
    });
  }
});
