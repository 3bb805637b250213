import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { BuildCache, ImageHistoryItem, SystemDataUsage } from '@pouch/api';
import { exec } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { docker, eventually } from '../container/container.kit.ts';
import { build, built, inside, inspectImage, outcomeOf, tarOf } from './build.kit.ts';

describe('stages, the cache, and what else a build is made of', { timeout: 900_000 }, () => {
  let daemon: TestDaemon;
  before(async () => {
    daemon = await TestDaemon.start();
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  const caches = async (): Promise<BuildCache[]> =>
    ((await daemon.ok('GET', '/system/df?type=build-cache')).json as SystemDataUsage).BuildCache ?? [];

  test('stages by name and number, unneeded ones skipped, images as sources, targets', async () => {
    const dockerfile = `
FROM busybox AS first
RUN echo one > /one
FROM busybox AS unneeded
RUN echo never && false
FROM scratch
COPY --from=first /one /copied
FROM first AS child
RUN cat /one && echo two > /two
FROM busybox
COPY --from=2 /copied /a
COPY --from=child /two /b
COPY --from=busybox /etc/passwd /c
`;
    const { text } = await built(daemon, { Dockerfile: dockerfile }, { t: 'stages:all' });
    assert.equal(
      await inside(daemon, 'stages:all', 'cat /a /b; head -n1 /c'),
      'one\ntwo\nroot:x:0:0:root:/root:/bin/sh',
    );
    assert.ok(!text.includes('never'), 'what nothing needs is not built');
    const numbers = [...text.matchAll(/^Step (\d+)\/(\d+) : /gm)].map(([, number]) => Number(number));
    assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'steps are told in order, whatever was done first');
    const target = await built(daemon, { Dockerfile: dockerfile }, { t: 'stages:first', target: 'FIRST' });
    assert.match(target.text, /^Step 1\/2 : /);
    assert.equal(await inside(daemon, 'stages:first', 'cat /one'), 'one');
    const missing = await build(daemon, { Dockerfile: dockerfile }, { target: 'none' });
    assert.equal(missing.status, 400);
    assert.match(missing.error, /target stage "none" could not be found/);
    const self = await build(daemon, { Dockerfile: 'FROM busybox AS me\nCOPY --from=me /a /b' });
    assert.match(self.error, /invalid from flag value me: refers to current build stage/);
  });

  test('stages without each other are built at the same time', async () => {
    const stage = (name: string): string => `FROM busybox AS ${name}\nRUN sleep 6 && echo ${name} > /${name}\n`;
    const dockerfile = `${['a', 'b', 'c'].map(stage).join('')}FROM busybox\n${['a', 'b', 'c'].map((name) => `COPY --from=${name} /${name} /\n`).join('')}`;
    const begin = Date.now();
    await built(daemon, { Dockerfile: dockerfile }, { t: 'parallel:test' });
    const took = Date.now() - begin;
    assert.equal(await inside(daemon, 'parallel:test', 'cat /a /b /c'), 'a\nb\nc');
    assert.ok(took < 16_000, `three sleeps of 6 s took ${took} ms`);
  });

  test('a second build comes from the cache whole, with the same image', async () => {
    const files = { a: '1', b: '1', Dockerfile: 'FROM busybox\nCOPY a /a\nRUN date +%s%N > /when\nCOPY b /b\nENV X=1' };
    const first = await built(daemon, files, { t: 'cache:test' });
    const second = await built(daemon, files, { t: ['cache:test', 'cache:again'] });
    assert.equal(second.id, first.id);
    assert.equal(second.text.match(/ ---> Using cache\n/g)?.length, 4);
    const touched = await built(daemon, { ...files, a: { content: '1', mtime: new Date() } });
    assert.equal(touched.id, first.id, 'a time is not what a file is');
    const changed = await built(daemon, { ...files, b: '2' });
    assert.equal(changed.text.match(/ ---> Using cache\n/g)?.length, 2, 'all before the change');
    const mode = await built(daemon, { ...files, a: { content: '1', mode: 0o600 } });
    assert.equal(mode.text.match(/ ---> Using cache\n/g) ?? null, null, 'a mode is');
    const fresh = await built(daemon, files, { nocache: '1' });
    assert.notEqual(fresh.id, first.id);
    const argument = { Dockerfile: 'FROM busybox\nARG A\nRUN echo $A > /a' };
    await built(daemon, argument, { buildargs: '{"A":"1"}' });
    const other = await built(daemon, argument, { buildargs: '{"A":"2"}' });
    assert.equal(other.text.match(/ ---> Using cache\n/g)?.length, 1);
  });

  test('a stage that comes out the same leaves what was copied from it in the cache', async () => {
    const files = (comment: string): Record<string, string> => ({
      Dockerfile: `FROM busybox AS made\nRUN echo ${comment} && echo same > /made\nFROM busybox\nCOPY --from=made /made /made\nRUN date +%N > /when`,
    });
    const first = await built(daemon, files('one'));
    const second = await built(daemon, files('two'));
    assert.equal(second.id, first.id);
  });

  test('--cache-from takes over the steps of an image that is here, without a cache of its own', async () => {
    const files = { a: 'x', Dockerfile: 'FROM busybox\nCOPY a /a\nRUN date +%N > /when' };
    const { id } = await built(daemon, files, { t: 'source:test' });
    await daemon.ok('POST', '/build/prune?all=1');
    assert.deepEqual(await caches(), []);
    const { text, id: again } = await built(daemon, files, {
      cachefrom: '["source:test","missing:image"]',
      t: 'taken:over',
    });
    assert.equal(text.match(/ ---> Using cache\n/g)?.length, 2);
    assert.equal(again, id);
  });

  test('layers hold what snapshots hold: removals, opaque directories, links, attributes, long names', async () => {
    const long = `${'directory/'.repeat(15)}${'n'.repeat(120)}`;
    const dockerfile = `
FROM busybox
RUN mkdir -p /gone/inner /replaced/old /${long.slice(0, 140)} && echo x > /gone/inner/f && echo y > /replaced/old/f && echo z > /kept
RUN rm -r /gone && rm -r /replaced && mkdir -p /replaced/new && ln /kept /hard && ln -s kept /soft && chmod 4711 /kept && chown 5:6 /kept
RUN mkdir -p "/$(dirname ${long})" && echo long > "/${long}" && rm /bin/wget && mkfifo /fifo
`;
    await built(daemon, { Dockerfile: dockerfile }, { t: 'layers:test' });
    const script = `ls / /replaced; stat -c '%a %u:%g %h' /kept /hard; readlink /soft; cat '/${long}'; test -e /bin/wget || echo none; stat -c %F /fifo`;
    const before = await inside(daemon, 'layers:test', script);
    assert.match(before, /^new$/m);
    assert.doesNotMatch(before, /^(?:gone|old)$/m);
    // Once more from the blobs alone.
    const path = `${daemon.directory}/layers.tar`;
    await daemon.pouch(['save', '-o', path, 'layers:test']);
    await daemon.pouch(['rmi', 'layers:test']);
    await daemon.ok('POST', '/build/prune?all=1');
    await daemon.pouch(['load', '-i', path]);
    assert.equal(await inside(daemon, 'layers:test', script), before);
    const history = (await daemon.ok('GET', '/images/layers:test/history')).json as ImageHistoryItem[];
    assert.equal(history.length, 4);
  });

  test('what the engine mounts on is no part of a layer', async () => {
    await built(
      daemon,
      { Dockerfile: 'FROM busybox\nRUN true\nRUN cat /etc/resolv.conf /etc/hosts > /dev/null' },
      { t: 'bare:test' },
    );
    const { RootFS } = await inspectImage(daemon, 'bare:test');
    assert.equal(RootFS.Layers?.length, 1, 'commands that change nothing make no layer');
  });

  test('ADD unpacks archives of the context, and takes files from URLs as they are', async () => {
    const inner = await tarOf({ 'in/side': { content: 's', uid: 3, gid: 4 }, top: 't' });
    const server = createServer((request, response) => {
      if (request.url === '/missing') response.writeHead(404).end();
      else if (request.url === '/Dockerfile') response.end('FROM busybox\nRUN echo remote > /remote\n');
      else if (request.url === '/context.tar.gz') {
        tarOf({ Dockerfile: 'FROM busybox\nCOPY f /f', f: 'from afar' }).then(
          (tar) => response.end(gzipSync(tar)),
          () => response.destroy(),
        );
      } else response.writeHead(200, { 'Last-Modified': 'Tue, 14 Nov 2023 22:13:20 GMT' }).end(inner);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const dockerfile = `
FROM busybox
ADD plain.tar packed.tgz /unpacked/
ADD not-packed.tar /as-file
ADD ${base}/archive.tar /url/
ADD ${base}/archive.tar /named
`;
      const files = {
        'plain.tar': inner,
        'packed.tgz': gzipSync(await tarOf({ second: '2' })),
        'not-packed.tar': 'no archive',
        Dockerfile: dockerfile,
      };
      await built(daemon, files, { t: 'add:test' });
      const script = `cat /unpacked/in/side /unpacked/top /unpacked/second /as-file; stat -c '%u:%g' /unpacked/in/side;
        stat -c '%a %Y' /url/archive.tar; tar tf /named`;
      assert.equal(await inside(daemon, 'add:test', script), 'st2no archive3:4\n600 1700000000\nin/side\ntop');
      const missing = await build(daemon, { Dockerfile: `FROM busybox\nADD ${base}/missing /x` });
      assert.match(missing.error, /with status 404/);
      const copied = await build(daemon, { Dockerfile: `FROM busybox\nCOPY ${base}/archive.tar /x` });
      assert.match(copied.error, /source can't be a URL for COPY/);
      for (const [path, file] of [
        ['Dockerfile', '/remote'],
        ['context.tar.gz', '/f'],
      ] as const) {
        const answer = outcomeOf(
          await daemon.api('POST', `/build?t=remote:test&remote=${encodeURIComponent(`${base}/${path}`)}`),
        );
        assert.equal(answer.error, '');
        assert.match(await inside(daemon, 'remote:test', `cat ${file}`), /remote|from afar/);
      }
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test('limits, network, hosts and volumes reach RUN', async () => {
    const dockerfile = `
FROM busybox
VOLUME /data
RUN ip addr | grep -c eth0 > /net || true
RUN grep special /etc/hosts > /host
RUN cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null > /memory || true
RUN df -k /dev/shm | tail -n1 > /shm
RUN echo lost > /data/x
`;
    const query = {
      t: 'limits:test',
      networkmode: 'none',
      extrahosts: 'special:1.2.3.4',
      memory: '67108864',
      shmsize: '8388608',
    };
    await built(daemon, { Dockerfile: dockerfile }, query);
    assert.equal(
      await inside(daemon, 'limits:test', "cat /net; cut -f1 /host; cat /memory; awk '{print $2}' /shm; ls /data"),
      '0\n1.2.3.4\n67108864\n8192',
    );
    // The last container's goes after its removal was acknowledged.
    await eventually('no volume of a step is left', async () => {
      const { Volumes } = (await daemon.ok('GET', '/volumes')).json as { Volumes: unknown[] | null };
      return (Volumes ?? []).length === 0;
    });
  });

  test('failures: exit codes, commands that are not there, and what is left', async () => {
    const failed = await build(daemon, { Dockerfile: 'FROM busybox\nRUN echo out; exit 7' });
    assert.equal(failed.error, "The command '/bin/sh -c echo out; exit 7' returned a non-zero code: 7");
    assert.equal(failed.code, 7);
    const left = (await daemon.ok('GET', '/containers/json?all=1')).json as { Id: string; State: string }[];
    assert.equal(left.length, 1, 'as with Docker the container of a step that failed stays');
    for (const { Id } of left) await daemon.ok('DELETE', `/containers/${Id}?force=1`);
    await build(daemon, { Dockerfile: 'FROM busybox\nRUN exit 8' }, { forcerm: '1' });
    const absent = await build(daemon, { Dockerfile: 'FROM busybox\nRUN ["/not/there"]' });
    assert.match(absent.error, /\/not\/there/);
    assert.deepEqual((await daemon.ok('GET', '/containers/json?all=1')).json, []);
    const kept = await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo kept > /kept' }, { rm: '0', t: 'rm:0' });
    assert.doesNotMatch(kept.text, /Removed intermediate/);
    const [container] = (await daemon.ok('GET', '/containers/json?all=1')).json as { Id: string }[];
    assert.match((await daemon.pouch(['diff', container?.Id ?? ''])).stdout, /A \/kept/);
    assert.equal(await inside(daemon, 'rm:0', 'cat /kept'), 'kept');
    await daemon.ok('DELETE', `/containers/${container?.Id}?force=1`);
  });

  test('what cannot be right is refused before anything is built', async () => {
    const cases: readonly (readonly [dockerfile: string, query: Record<string, string>, error: RegExp])[] = [
      ['', {}, /The Dockerfile \(Dockerfile\) cannot be empty/],
      ['FROMM busybox', {}, /dockerfile parse error on line 1: unknown instruction: FROMM/],
      ['RUN true', {}, /no build stage in current context/],
      ['FROM busybox\nRUN --mount=type=cache,target=/x true', {}, /line 2: the --mount option requires BuildKit/],
      ['FROM busybox AS 1a', {}, /invalid name for build stage/],
      ['FROM busybox', { dockerfile: 'other' }, /Cannot locate specified Dockerfile: other/],
      ['FROM busybox', { squash: '1' }, /squash is only supported with experimental mode/],
      ['FROM busybox', { version: '2' }, /needs BuildKit, and this host has no buildkitd/],
      ['FROM busybox', { version: '3' }, /invalid version/],
      ['FROM busybox', { t: 'a/UPPER' }, /must be lowercase|invalid reference/],
      ['FROM busybox', { isolation: 'hyperv' }, /unsupported isolation/],
      ['FROM busybox', { platform: 'what/is/this/then' }, /platform/],
      ['FROM ${NOTHING}', {}, /base name \(\$\{NOTHING\}\) should not be blank/],
      ['FROM scratch', {}, /No image was generated/],
    ];
    for (const [dockerfile, query, error] of cases) {
      const outcome = await build(daemon, { Dockerfile: dockerfile }, query);
      assert.match(outcome.error, error, dockerfile);
      const refused = query['version'] === '2' ? 501 : 400;
      if (outcome.text === '') assert.equal(outcome.status, refused, `${dockerfile} ${JSON.stringify(query)}`);
    }
  });

  test('an image of FROM alone is the base', async () => {
    const { id } = await built(daemon, { Dockerfile: 'FROM busybox' }, { t: 'same:as-base' });
    assert.equal(id, (await inspectImage(daemon, 'busybox')).Id);
  });

  test('-q says nothing but the id', async () => {
    const answer = await build(daemon, { Dockerfile: 'FROM busybox\nENV Q=1' }, { q: '1' });
    assert.match(answer.text, /^sha256:[0-9a-f]{64}\n$/);
  });

  test('the cache is listed and pruned; images keep their layers', async () => {
    await daemon.ok('POST', '/build/prune?all=1');
    await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo kept > /k' }, { t: 'prune:kept' });
    const { id } = await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo gone > /g' }, { t: 'prune:gone' });
    await daemon.pouch(['rmi', 'prune:gone']);
    const listed = await caches();
    assert.equal(listed.length, 2);
    assert.deepEqual(listed.map(({ Shared }) => String(Shared)).toSorted(), ['false', 'true']);
    const nothing = (await daemon.ok('POST', `/build/prune?filters=${encodeURIComponent('{"until":["24h"]}')}`)).json;
    assert.deepEqual(nothing, { CachesDeleted: null, SpaceReclaimed: 0 });
    const pruned = (await daemon.ok('POST', '/build/prune')).json as {
      CachesDeleted: string[];
      SpaceReclaimed: number;
    };
    assert.equal(pruned.CachesDeleted.length, 1);
    assert.ok(pruned.SpaceReclaimed > 0);
    assert.match((await daemon.pouch(['builder', 'prune', '-af'])).stdout, /Total reclaimed space/);
    assert.deepEqual(await caches(), []);
    assert.equal(await inside(daemon, 'prune:kept', 'cat /k'), 'kept');
    const again = await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo gone > /g' });
    assert.doesNotMatch(again.text, /Using cache/);
    assert.notEqual(again.id, id);
  });

  test('layers that somebody took away from under the cache are made anew', async () => {
    const files = { Dockerfile: 'FROM busybox\nRUN echo lost > /lost\nRUN cat /lost' };
    await built(daemon, { Dockerfile: 'FROM busybox\nRUN echo lost > /lost' }, { t: 'lost:test' });
    const { RootFS } = await inspectImage(daemon, 'lost:test');
    assert.ok(RootFS.Layers?.length === 2);
    await daemon.pouch(['rmi', 'lost:test']);
    const address = `${daemon.directory}/run/containerd/containerd.sock`;
    // The chain id of its two layers: how a snapshot is called.
    const top = `sha256:${createHash('sha256').update(RootFS.Layers.join(' ')).digest('hex')}`;
    await exec('ctr', ['-a', address, '-n', 'pouch', 'snapshots', 'rm', top]);
    const { text } = await built(daemon, files, { t: 'lost:again' });
    assert.match(text, /lost\n/);
  });

  test("docker's and our own client build alike", async () => {
    const directory = `${daemon.directory}/project`;
    await exec('sh', [
      '-c',
      `mkdir -p ${directory}/secret ${directory}/src && cd ${directory} && echo s > secret/key && echo c > src/code && echo keep > secret/keep
       printf 'secret\\n!secret/keep\\nDockerfile\\n' > .dockerignore
       printf 'FROM busybox\\nCOPY . /all\\nRUN find /all -type f | sort > /list\\nARG A\\nENV B=$A' > Dockerfile
       printf 'FROM busybox\\nRUN echo other > /other\\n' > ${daemon.directory}/Other`,
    ]);
    const env = { DOCKER_HOST: `unix://${daemon.socket}`, DOCKER_BUILDKIT: '0', HOME: daemon.directory };
    const theirs = await exec(
      '/usr/local/bin/docker',
      ['build', '-t', 'client:docker', '--build-arg', 'A=1', directory],
      { env },
    );
    assert.match(theirs.stdout, /Successfully tagged client:docker/);
    const iid = `${daemon.directory}/iid`;
    const own = await daemon.pouch(['build', '-t', 'client:pouch', '--build-arg', 'A=1', '--iidfile', iid, directory]);
    assert.match(own.stdout, /Successfully tagged client:pouch/);
    const lists = await Promise.all(['client:docker', 'client:pouch'].map((name) => inside(daemon, name, 'cat /list')));
    assert.deepEqual(lists, ['/all/.dockerignore\n/all/secret/keep\n/all/src/code', lists[0]]);
    assert.equal((await inspectImage(daemon, 'client:pouch')).Id, (await exec('cat', [iid])).stdout);
    const outside = await daemon.pouch(['build', '-q', '-f', `${daemon.directory}/Other`, directory]);
    assert.equal(await inside(daemon, outside.stdout.trim(), 'cat /other'), 'other');
    const stdin = await daemon.pouch(['build', '-q', '-'], { input: 'FROM busybox\nENV FROM_STDIN=1\n' });
    assert.ok((await inspectImage(daemon, stdin.stdout.trim())).Config?.Env?.includes('FROM_STDIN=1'));
    const failed = await daemon.pouch(['build', '-'], { input: 'FROM busybox\nRUN exit 9\n', allowFailure: true });
    assert.equal(failed.code, 9);
    assert.match(failed.stderr, /returned a non-zero code: 9/);
    const [head] = (
      await docker(daemon, ['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'client:docker'])
    ).stdout.split('\n');
    assert.equal(head, '/bin/sh -c #(nop)  ENV B=1');
  });
});
