import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { exec } from '@pouch/base';
import { machineArchive, withoutMachine } from '../../harness/machine-image.ts';
import { patience } from '../../harness/patience.ts';
import { POUCH_IN_SHELL } from '../../harness/programs.ts';
import { TestDaemon } from '../../harness/test-daemon.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const GUIDE = join(ROOT, 'docs/guides/from-a-virtual-machine.md');

interface Step {
  readonly commands: string;
  /** Lines; `…` stands for anything. Absent: the output does not matter. */
  readonly output: string | undefined;
}

/** The shell blocks of a guide in their order, each with the output that is said to follow. */
function stepsOf(text: string): Step[] {
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, body]) => ({
    kind,
    body: body as string,
  }));
  return blocks.flatMap(({ kind, body }, at) => {
    if (kind !== 'sh') return [];
    const next = blocks[at + 1];
    return [{ commands: body, output: next?.kind === 'output' ? next.body : undefined }];
  });
}

test('every command of the guide does what the guide says', {
  timeout: patience(280_000),
  skip: withoutMachine(),
}, async () => {
  const steps = stepsOf(readFileSync(GUIDE, 'utf8'));
  assert.ok(steps.length >= 10);
  const directory = mkdtempSync(join(tmpdir(), 'pouch-guide-'));
  await using daemon = await TestDaemon.start([], { image: false });
  try {
    symlinkSync(await machineArchive('systemd'), join(directory, 'machine.tar'));
    mkdirSync(join(directory, 'bin'));
    const program = join(directory, 'bin/pouch');
    writeFileSync(program, `#!/bin/sh\nexec ${POUCH_IN_SHELL} "$@"\n`);
    chmodSync(program, 0o755);
    const marker = (at: number): string => `@@@ step ${at}`;
    const script = steps.map(({ commands }, at) => `echo '${marker(at)}'\n${commands}`).join('');
    const { stdout } = await exec('bash', ['-e', '-O', 'expand_aliases', '-c', script], {
      cwd: directory,
      timeout: patience(260_000),
      env: {
        PATH: `${directory}/bin:${process.env.PATH}`,
        POUCH_HOST: `unix://${daemon.socket}`,
        NO_COLOR: '1',
        HOME: directory,
      },
    });
    for (const [at, { commands, output }] of steps.entries()) {
      if (output === undefined) continue;
      const said = stdout.split(`${marker(at)}\n`)[1]?.split('@@@ step')[0] ?? '';
      const last = said.split('\n').slice(-output.split('\n').length).join('\n');
      const pattern = output.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*');
      assert.match(last, new RegExp(`^${pattern}$`), `${commands}printed\n${said}`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
