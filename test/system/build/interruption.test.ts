import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { exec, sleep } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually } from '../container/container.kit.ts';
import { built, inside, tarOf } from './build.kit.ts';

const SLOW = 'FROM busybox\nRUN echo first > /first\nRUN echo begun && sleep 600\n';

describe('builds that are interrupted', { timeout: 600_000 }, () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await TestDaemon.start();
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  const containers = async (): Promise<{ Id: string }[]> =>
    (await daemon.ok('GET', '/containers/json?all=1')).json as { Id: string }[];
  const mounts = (): string[] =>
    readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`${daemon.directory}/run/build/`));
  const snapshots = async (): Promise<string> => {
    const address = `${daemon.directory}/run/containerd/containerd.sock`;
    return (await exec('ctr', ['-a', address, '-n', 'pouch', 'snapshots', 'ls'])).stdout;
  };

  /** Begin a build, and cut the connection once its slow step runs. */
  async function begin(dockerfile: string): Promise<{ cut(): void }> {
    const body = await tarOf({ Dockerfile: dockerfile });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const message = request(
      {
        socketPath: daemon.socket,
        method: 'POST',
        path: '/build?t=interrupted',
        headers: { 'Content-Length': body.length },
      },
      (response) => {
        let text = '';
        response.on('data', (data: Buffer) => {
          text += data.toString('utf8');
          if (text.includes('begun\\n')) resolve();
        });
        response.on('error', () => {});
        response.on('end', () => reject(new Error(text)));
      },
    );
    message.on('error', () => {});
    message.end(body);
    await promise;
    return { cut: () => void message.destroy() };
  }

  test('the client goes: the build ends and its containers with it', async () => {
    const { cut } = await begin(SLOW);
    assert.equal((await containers()).length, 1);
    cut();
    await eventually('the container is gone', async () => (await containers()).length === 0, 30_000);
    await eventually('its files are gone', async () => readdirSync(`${daemon.directory}/root/build`).length === 0);
    assert.deepEqual(mounts(), []);
    const { text } = await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo first > /first\n' }, { t: 'after:cut' });
    assert.match(text, /Using cache/, 'steps that had been done are not done again');
  });

  test('kill -9 of the daemon in the middle leaves nothing behind after the next start', async () => {
    await begin(SLOW.replace('first >', 'second >'));
    await daemon.down('SIGKILL');
    await daemon.up();
    assert.deepEqual(await containers(), []);
    assert.deepEqual(mounts(), []);
    assert.deepEqual(readdirSync(`${daemon.directory}/root/build`), []);
    assert.doesNotMatch(await snapshots(), /pouch-build/);
    const images = (await daemon.ok('GET', '/images/json')).json as { RepoTags: string[] }[];
    assert.ok(!images.some(({ RepoTags }) => RepoTags.includes('interrupted:latest')));
    await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo second > /first\n' }, { t: 'after:kill' });
    assert.equal(await inside(daemon, 'after:kill', 'cat /first'), 'second');
  });

  test('kill -9 at any moment of many short steps', async () => {
    for (let round = 0; round < 4; round += 1) {
      const steps = Array.from(
        { length: 12 },
        (_, step) => `RUN echo ${round}-${step} > /f${step}\nCOPY Dockerfile /d${step}\n`,
      );
      const body = await tarOf({ Dockerfile: `FROM busybox\n${steps.join('')}` });
      const building = daemon.api('POST', `/build?t=round:${round}`, body).catch(() => undefined);
      await sleep(700 + round * 900);
      await daemon.down('SIGKILL');
      await building;
      await daemon.up();
      assert.deepEqual(await containers(), [], `round ${round}`);
      assert.deepEqual(mounts(), []);
      assert.deepEqual(readdirSync(`${daemon.directory}/root/build`), []);
      const again = await daemon.api('POST', `/build?t=round:${round}`, body);
      assert.match(again.text, /Successfully tagged/, again.text.slice(-500));
      assert.equal(await inside(daemon, `round:${round}`, 'cat /f11'), `${round}-11`);
    }
    // Nothing that no record knows holds disk: without cache and images only the base is left.
    await daemon.pouch(['builder', 'prune', '-af']);
    await daemon.pouch([
      'rmi',
      ...Array.from({ length: 4 }, (_, round) => `round:${round}`),
      'after:cut',
      'after:kill',
    ]);
    await daemon.pouch(['builder', 'prune', '-af']);
    await eventually('only the base has snapshots', async () => {
      const lines = (await snapshots()).trim().split('\n').slice(1);
      return lines.length === 1;
    });
  });
});
