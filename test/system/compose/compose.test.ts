import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { eventually } from '../container/container.kit.ts';
import { ComposeProject } from './compose.kit.ts';

describe('pouch compose', () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await TestDaemon.start();
  });
  after(async () => await daemon[Symbol.asyncDispose]());

  const sleeper = 'image: busybox, init: true, command: sleep 600';

  test('up waits for health and jobs, and down takes all of it away', async () => {
    await using project = new ComposeProject(daemon, 'order', {
      'compose.yaml': `services:
  web:
    image: busybox
    init: true
    command: sh -c 'cat /data/seed; exec httpd -f -p 80 -h /data'
    volumes: [data:/data]
    ports: ["127.0.0.1::80"]
    depends_on:
      seed: {condition: service_completed_successfully}
      db: {condition: service_healthy}
  seed: {image: busybox, command: "sh -c 'sleep 1; echo seeded > /data/seed'", volumes: [data:/data]}
  db:
    ${sleeper.replaceAll(', ', '\n    ')}
    networks: {default: {aliases: [database]}}
    healthcheck: {test: "test -f /tmp/ready || { touch /tmp/ready; exit 1; }", interval: 300ms, retries: 9}
volumes: {data: {}}
`,
    });
    await project.run(['up', '-d']);
    assert.equal((await project.inspect('db-1')).State.Health?.Status, 'healthy');
    assert.equal((await project.run(['logs', '--no-log-prefix', 'web'])).stdout, 'seeded\n');
    assert.match((await project.run(['exec', '-T', 'web', 'nslookup', 'database'])).stdout, /Address/);
    const { stdout } = await project.run(['port', 'web', '80']);
    assert.equal(await (await fetch(`http://${stdout.trim()}/seed`)).text(), 'seeded\n');
    assert.equal((await project.run(['exec', '-T', 'web', 'sh', '-c', 'exit 9'], { allowFailure: true })).code, 9);
    const rows = (await project.run(['ps', '-a', '--format', 'json'])).stdout.trim().split('\n');
    const services = rows.map((line) => JSON.parse(line) as { Service: string; State: string; Health: string });
    assert.deepEqual(
      services.map(({ Service, State, Health }) => [Service, State, Health]),
      [
        ['db', 'running', 'healthy'],
        ['seed', 'exited', ''],
        ['web', 'running', ''],
      ],
    );
    await project.run(['down', '-v', '-t', '1']);
    assert.deepEqual(await project.containers(), []);
    const left = await Promise.all(['/networks', '/volumes'].map(async (path) => (await daemon.ok('GET', path)).text));
    assert.doesNotMatch(left.join(), /order_/);
  });

  test('a job that fails, and a service that gets unhealthy, stop what waits for them', async () => {
    await using project = new ComposeProject(daemon, 'broken', {
      'compose.yaml': `services:
  a: {${sleeper}, depends_on: {job: {condition: service_completed_successfully}}}
  job: {image: busybox, command: "sh -c 'exit 3'"}
`,
    });
    const failed = await project.run(['up', '-d'], { allowFailure: true });
    assert.notEqual(failed.code, 0);
    assert.match(failed.stderr, /container broken-job-1 didn't complete successfully: exit 3/);
    assert.equal((await project.inspect('a-1')).State.Status, 'created');
    project.write(
      'compose.yaml',
      `services:
  a: {${sleeper}, depends_on: {sick: {condition: service_healthy}}}
  sick: {${sleeper}, healthcheck: {test: "exit 1", interval: 200ms, retries: 1}}
`,
    );
    const sick = await project.run(['up', '-d', '--remove-orphans'], { allowFailure: true });
    assert.match(sick.stderr, /container broken-sick-1 is unhealthy/);
  });

  test('only what has changed is made anew, with its anonymous volume; scale goes up and down', async () => {
    const file = (level: string): string => `services:
  app: {${sleeper}, environment: {LEVEL: "${level}"}, volumes: [/keep], stop_grace_period: 1s}
  other: {${sleeper}}
`;
    await using project = new ComposeProject(daemon, 'change', { 'compose.yaml': file('1') });
    await project.run(['up', '-d']);
    const [app, other] = [await project.inspect('app-1'), await project.inspect('other-1')];
    await project.run(['exec', '-T', 'app', 'sh', '-c', 'echo kept > /keep/it']);
    await project.run(['up', '-d']);
    assert.equal((await project.inspect('app-1')).Id, app.Id);
    project.write('compose.yaml', file('2'));
    await project.run(['up', '-d']);
    assert.notEqual((await project.inspect('app-1')).Id, app.Id);
    assert.equal((await project.inspect('other-1')).Id, other.Id);
    assert.equal(
      (await project.run(['exec', '-T', 'app', 'sh', '-c', 'echo $LEVEL; cat /keep/it'])).stdout,
      '2\nkept\n',
    );
    await project.run(['up', '-d', '--scale', 'app=3']);
    assert.equal((await project.containers()).length, 4);
    await project.run(['scale', 'app=1']);
    assert.deepEqual((await project.containers()).flatMap(({ Names }) => Names).toSorted(), [
      '/change-app-1',
      '/change-other-1',
    ]);
    const again = await project.run(['up', '-d', '--force-recreate', 'other']);
    assert.match(again.stderr, /change-other-1 {2}Recreated/);
  });

  test('up follows the output, and stops everything on an interrupt', async () => {
    await using project = new ComposeProject(daemon, 'follow', {
      'compose.yaml': `services:
  one: {image: busybox, init: true, command: "sh -c 'echo from one; exec sleep 600'"}
  second: {image: busybox, init: true, command: "sh -c 'echo from second >&2; exec sleep 600'"}
`,
    });
    await using running = project.start(['up', '-t', '2']);
    await eventually(
      'both have written',
      async () => running.output.includes('from one') && running.output.includes('from second'),
      60_000,
    );
    assert.match(running.output, /^one-1 {5}\| from one$/m);
    running.interrupt();
    assert.equal(await running.ended, 130);
    assert.match(running.output, /Gracefully Stopping/);
    assert.deepEqual(
      (await project.containers()).map(({ State }) => State),
      ['exited', 'exited'],
    );
  });

  test('the exit code of one service ends the others', async () => {
    await using project = new ComposeProject(daemon, 'verdict', {
      'compose.yaml': `services:
  db: {${sleeper}}
  tests: {image: busybox, command: "sh -c 'echo testing; sleep 1; exit 4'", depends_on: [db]}
`,
    });
    const { code, stdout } = await project.run(['up', '--exit-code-from', 'tests', '-t', '2'], { allowFailure: true });
    assert.equal(code, 4);
    assert.match(stdout, /tests-1 +\| testing\n/);
    assert.deepEqual(
      (await project.containers()).map(({ State }) => State),
      ['exited', 'exited'],
    );
  });

  test('secrets and configs are files, whatever they come from', async () => {
    await using project = new ComposeProject(daemon, 'files', {
      'token.txt': 's3cret',
      'compose.yaml': `services:
  app:
    ${sleeper.replaceAll(', ', '\n    ')}
    secrets: [token, {source: fromenv, target: other, mode: 0400, uid: "1000"}]
    configs: [{source: motd, target: /etc/motd}]
secrets: {token: {file: ./token.txt}, fromenv: {environment: GIVEN}}
configs: {motd: {content: "hello \${GIVEN}\\n"}}
`,
      '.env': 'GIVEN=from .env',
    });
    await project.run(['up', '-d']);
    const { stdout } = await project.run([
      'exec',
      '-T',
      'app',
      'sh',
      '-c',
      'cat /run/secrets/token /etc/motd /run/secrets/other; stat -c %a:%u /run/secrets/other',
    ]);
    assert.equal(stdout, 's3crethello from .env\nfrom .env400:1000\n');
  });

  test('run is one more container, with what the service needs', async () => {
    await using project = new ComposeProject(daemon, 'once', {
      'compose.yaml': `services:
  web: {${sleeper}, ports: ["127.0.0.1::80"], environment: {A: "1"}, depends_on: [db]}
  db: {image: busybox, init: true, command: httpd -f -p 7000 -h /etc}
`,
    });
    const { stdout } = await project.run(
      [
        'run',
        '--rm',
        '-T',
        '-e',
        'B=2',
        'web',
        'sh',
        '-c',
        'echo $A$B; wget -qO- http://db:7000/group | head -n 1; cat',
      ],
      { input: 'typed' },
    );
    assert.equal(stdout, '12\nroot:x:0:\ntyped');
    assert.deepEqual(
      (await project.containers()).map(({ Names }) => Names[0]),
      ['/once-db-1'],
    );
    assert.equal(
      (await project.run(['run', '--rm', '-T', 'web', 'sh', '-c', 'exit 5'], { allowFailure: true })).code,
      5,
    );
  });

  test('orphans are told of, and removed on demand', async () => {
    await using project = new ComposeProject(daemon, 'orphan', {
      'compose.yaml': `services: {a: {${sleeper}}, b: {${sleeper}}}`,
    });
    await project.run(['up', '-d']);
    project.write('compose.yaml', `services: {a: {${sleeper}}}`);
    assert.match((await project.run(['up', '-d'])).stderr, /orphan containers \(orphan-b-1\)/);
    await project.run(['up', '-d', '--remove-orphans', '-t', '1']);
    assert.equal((await project.containers()).length, 1);
    rmSync(join(project.directory, 'compose.yaml'));
    assert.match((await project.run(['ps'])).stdout, /orphan-a-1/);
    await project.run(['down', '-t', '1']);
    assert.deepEqual(await project.containers(), []);
  });

  test('watch carries files over: new, changed and gone', async () => {
    await using project = new ComposeProject(daemon, 'watched', {
      'site/index.html': 'first',
      'compose.yaml': `services:
  app:
    ${sleeper.replaceAll(', ', '\n    ')}
    develop: {watch: [{action: sync, path: ./site, target: /site, ignore: [skip/], initial_sync: true}]}
`,
    });
    await using running = project.start(['watch']);
    const content = async (): Promise<string> =>
      (
        await project.run(
          [
            'exec',
            '-T',
            'app',
            'sh',
            '-c',
            'cd /site && for f in $(find . -type f | sort); do echo $f=$(cat $f); done',
          ],
          { allowFailure: true },
        )
      ).stdout;
    await eventually('the first file is there', async () => (await content()) === './index.html=first\n', 60_000);
    project.write('site/index.html', 'second');
    project.write('site/sub/new', 'new');
    project.write('site/skip/not', 'not');
    await eventually('changes came', async () => (await content()) === './index.html=second\n./sub/new=new\n', 60_000);
    rmSync(join(project.directory, 'site/sub/new'));
    await eventually('the file has gone', async () => (await content()) === './index.html=second\n', 60_000);
    running.interrupt();
    await running.ended;
  });

  test('images are built with arguments, from a context without what is ignored', async () => {
    await using project = new ComposeProject(daemon, 'made', {
      'app/Dockerfile': 'FROM busybox\nARG WHAT=default\nRUN echo $WHAT > /what\nCOPY . /app\nCMD ["sleep", "600"]\n',
      'app/.dockerignore': '*.log\n',
      'app/kept': 'kept',
      'app/gone.log': 'gone',
      'compose.yaml': 'services: {app: {build: {context: app, args: {WHAT: given}}, init: true}}',
    });
    await project.run(['up', '-d']);
    const look = ['exec', '-T', 'app', 'sh', '-c', 'cat /what; ls /app'];
    assert.equal((await project.run(look)).stdout, 'given\nDockerfile\nkept\n');
    project.write('app/kept', 'changed');
    await project.run(['up', '-d', '--build', '-t', '1']);
    assert.equal((await project.run(['exec', '-T', 'app', 'cat', '/app/kept'])).stdout, 'changed');
    await project.run(['down', '--rmi', 'local', '-t', '1']);
    assert.doesNotMatch((await daemon.ok('GET', '/images/json')).text, /made-app/);
  });

  test('a fault in a file is told with its place, and nothing is done', async () => {
    await using project = new ComposeProject(daemon, 'fault', {
      'compose.yaml': 'services:\n  a:\n    image: busybox\n    prots: [80]\n',
    });
    const { code, stderr } = await project.run(['up', '-d'], { allowFailure: true });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      `${project.directory}/compose.yaml:4:5: services.a.prots is not known (did you mean ports?)\n`,
    );
  });
});
