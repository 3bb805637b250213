import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exec } from './exec.ts';
import { ProcessServer } from './process-server.ts';

test('programs run one after the other, and each caller gets its own answer', async () => {
  using server = new ProcessServer();
  const results = await Promise.all([
    server.run('echo', ["a 'quoted' $HOME\nline"]),
    server.run('cat', [], { input: 'in\nput' }),
    server.run('sh', ['-c', 'echo ü >&2; exit 3'], { allowFailure: true }),
    server.run('true', []),
  ]);
  assert.deepEqual(
    results.map(({ code, stdout }) => [code, stdout]),
    [
      [0, "a 'quoted' $HOME\nline"],
      [0, 'in\nput'],
      [3, 'ü'],
      [0, ''],
    ],
  );
});

test('a failure says what the program said, and a shell that dies is replaced', async () => {
  using server = new ProcessServer();
  await assert.rejects(server.run('ls', ['/nonexistent']), /exit code 2: .*nonexistent/);
  await assert.rejects(server.run('sh', ['-c', 'kill -9 $PPID; sleep 1']), /ended/);
  assert.equal((await server.run('echo', ['again'])).stdout, 'again');
});

test('an idle shell does not keep the process alive', async () => {
  const script = `import { helpers } from '${import.meta.dirname}/process-server.ts'; console.log((await helpers.run('echo', ['done'])).stdout);`;
  const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 });
  assert.equal(stdout.trim(), 'done');
});
