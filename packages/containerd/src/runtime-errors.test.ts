import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PouchError } from '@pouch/base';
import { mapRuntimeError } from './runtime-errors.ts';

const RUNC_CREATE =
  'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';
const RUNC_EXEC = 'OCI runtime exec failed: exec failed: unable to start container process: ';
const CRUN_CREATE = 'failed to create shim task: OCI runtime create failed: ';
const CRUN_EXEC = 'OCI runtime exec failed: ';

const CASES: readonly (readonly [string, string])[] = [
  [`${RUNC_CREATE}exec: "nosuch": executable file not found in $PATH: unknown`, 'command-not-found'],
  [`${RUNC_CREATE}exec: "/nosuch": stat /nosuch: no such file or directory: unknown`, 'command-not-found'],
  [`${RUNC_CREATE}exec: "/bin/busybox/x": stat /bin/busybox/x: not a directory: unknown`, 'command-not-found'],
  [`${RUNC_CREATE}exec: "/etc/plain": permission denied: unknown`, 'command-not-executable'],
  [`${RUNC_EXEC}exec: "nosuch": executable file not found in $PATH: unknown`, 'command-not-found'],
  [`${RUNC_EXEC}exec: "/etc": permission denied: unknown`, 'command-not-executable'],
  [
    `${CRUN_CREATE}executable file \`nosuch\` not found in $PATH: No such file or directory: unknown`,
    'command-not-found',
  ],
  [`${CRUN_CREATE}open executable: Permission denied: unknown`, 'command-not-executable'],
  [`${CRUN_CREATE}open executable: Operation not permitted: unknown`, 'command-not-executable'],
  [`${CRUN_CREATE}open executable: Not a directory: unknown`, 'command-not-found'],
  [
    `${CRUN_EXEC}executable file \`/nosuch\` not found in $PATH: No such file or directory: unknown`,
    'command-not-found',
  ],
  [
    `${RUNC_EXEC}chdir to cwd ("/nodir") set in config.json failed: no such file or directory: unknown`,
    'command-not-found',
  ],
  [`${CRUN_EXEC}chdir \`/nodir\`: No such file or directory: unknown`, 'command-not-found'],
  [`${RUNC_CREATE}error mounting "/a" to rootfs at "/b": mount /a:/b: not a directory: unknown`, 'upstream'],
];

test('what runc and crun say of a command that cannot run has the exit codes 127 and 126', () => {
  for (const [message, code] of CASES) {
    const mapped = mapRuntimeError(new PouchError('upstream', message));
    assert.ok(mapped instanceof PouchError);
    assert.equal(mapped.code, code, message);
    if (message.startsWith(RUNC_CREATE) || code === 'upstream') assert.equal(mapped.message, message);
  }
});

test('an error of another kind stays what it is', () => {
  const error = new PouchError('not-found', 'exec: "x": executable file not found in $PATH');
  assert.equal(mapRuntimeError(error), error);
});

test("crun's words become runc's, which Docker's client reads", () => {
  const mapped = (message: string): string =>
    (mapRuntimeError(new PouchError('upstream', message)) as PouchError).message;
  assert.equal(
    mapped(`${CRUN_CREATE}executable file \`x\` not found in $PATH: No such file or directory: unknown`),
    `${CRUN_CREATE}exec: "x": executable file not found in $PATH: unknown`,
  );
  assert.equal(
    mapped(`${CRUN_CREATE}open executable: Permission denied: unknown`),
    `${CRUN_CREATE}exec: permission denied: unknown`,
  );
});

test('a configuration that the runtime refuses is told in our words, from crun’s and from runc’s', () => {
  const create = 'failed to create shim task: OCI runtime create failed: ';
  const runc = `${create}runc create failed: unable to start container process: error during container init: `;
  for (const [said, code, words] of [
    [
      `${create}chdir \`/etc/passwd\`: Not a directory: unknown`,
      'command-not-executable',
      /working directory.*\/etc\/passwd is/,
    ],
    [
      `${runc}mkdir /etc/passwd: not a directory: unknown`,
      'command-not-executable',
      /working directory.*\/etc\/passwd is/,
    ],
    [
      `${create}open /proc/sys/net/ipv4/no: No such file or directory: unknown`,
      'invalid-argument',
      /no parameter net\.ipv4\.no:/,
    ],
    [
      `${runc}open /proc/sys/net/ipv4/no: no such file or directory: unknown`,
      'invalid-argument',
      /no parameter net\.ipv4\.no:/,
    ],
    [
      `${create}write to /proc/sys/net/ipv4/ip_forward: Invalid argument: unknown`,
      'invalid-argument',
      /ip_forward: invalid argument$/,
    ],
    [
      `${runc}write /proc/sys/net/ipv4/ip_forward: invalid argument: unknown`,
      'invalid-argument',
      /ip_forward: invalid argument$/,
    ],
  ] as const) {
    const mapped = mapRuntimeError(new PouchError('upstream', said));
    assert.ok(mapped instanceof PouchError);
    assert.equal(mapped.code, code, said);
    assert.match(mapped.message, words);
  }
});
