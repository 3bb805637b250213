import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import type { BuildRequest } from './build-request.ts';
import { parseCacheEntry } from './cache.ts';
import { parseOutput } from './output.ts';
import { parseSecret } from './secret.ts';
import { toSolveRequest } from './solve-request.ts';
import { prepareSources } from './sources.ts';
import { parseSsh } from './ssh.ts';

const EMPTY: BuildRequest = {
  context: { kind: 'directory', path: '/' },
  dockerfile: { kind: 'default' },
  tags: [],
  buildArgs: {},
  labels: {},
  noCache: false,
  pull: false,
  platforms: [],
  extraHosts: [],
  shmSize: 0,
  ulimits: [],
  cacheFrom: [],
  cacheTo: [],
  outputs: [],
  secrets: new Map(),
  agents: new Map(),
  namedContexts: {},
};

const solve = (request: Partial<BuildRequest>, gateway?: string): ReturnType<typeof toSolveRequest> =>
  toSolveRequest({ ...EMPTY, ...request }, { ref: 'r', session: 's' }, { filename: 'Dockerfile' }, gateway);

const stdout = () => async () => {};
const invalid = (error: unknown): boolean => isErrorCode(error, 'invalid-argument');

test('a build in the words of the frontend', () => {
  const { FrontendAttrs, Entitlements, Cache } = solve(
    {
      buildArgs: { A: '1' },
      labels: { l: 'v' },
      target: 't',
      noCacheFilter: ['x', 'y'],
      pull: true,
      platforms: ['linux/amd64', 'linux/arm64'],
      networkMode: 'host',
      extraHosts: ['a:1.2.3.4', 'v6:[::1]', 'h:host-gateway'],
      shmSize: 64,
      ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
      cacheFrom: [{ type: 'registry', attributes: { ref: 'c' } }],
      cacheTo: [{ type: 'inline', attributes: {} }],
      attestations: { sbom: '' },
    },
    '10.0.0.1',
  );
  assert.deepEqual(FrontendAttrs, {
    'image-resolve-mode': 'pull',
    target: 't',
    platform: 'linux/amd64,linux/arm64',
    'no-cache': 'x,y',
    'build-arg:A': '1',
    'label:l': 'v',
    'attest:sbom': '',
    'add-hosts': 'a=1.2.3.4,v6=::1,h=10.0.0.1',
    'shm-size': '64',
    ulimit: 'nofile=1:2',
    'cache-imports': '[{"Type":"registry","Attrs":{"ref":"c"}}]',
    'force-network-mode': 'host',
    filename: 'Dockerfile',
  });
  assert.deepEqual(Entitlements, ['network.host']);
  assert.deepEqual(Cache?.Exports, [{ Type: 'inline', Attrs: {} }]);
  assert.throws(() => solve({ networkMode: 'mine' }), invalid);
  assert.throws(() => solve({ extraHosts: ['a:host-gateway'] }), invalid);
});

test('outputs: the daemon has the image unless something else is asked for', () => {
  assert.deepEqual(solve({ tags: ['a', 'b'] }).Exporters, [{ Type: 'moby', Attrs: { name: 'a,b' } }]);
  const outputs = ['dist', 'type=tar,dest=x.tar', 'type=docker,dest=y.tar', 'type=registry', 'type=cacheonly', '-'];
  const { Exporters } = solve({ tags: ['a'], outputs: outputs.map((text) => parseOutput(text, stdout)) });
  assert.deepEqual(Exporters, [
    { Type: 'local', Attrs: {} },
    { Type: 'tar', Attrs: {} },
    { Type: 'docker', Attrs: { name: 'a' } },
    { Type: 'moby', Attrs: { name: 'a', push: 'true' } },
    { Type: 'tar', Attrs: {} },
  ]);
  assert.deepEqual(parseOutput('dist', stdout).target, { kind: 'directory', path: 'dist' });
  assert.deepEqual(parseOutput('type=docker', stdout), { type: 'moby', attributes: {} });
  for (const text of ['type=local', 'type=local,dest=-', 'type=what', 'dest=x', 'type=image,push']) {
    assert.throws(() => parseOutput(text, stdout), invalid, text);
  }
});

test('secrets: a file, a variable, or what the id names', () => {
  const environment = { TOKEN: 'value' };
  assert.deepEqual(parseSecret('id=a,src=/dev/null', environment), ['a', { kind: 'file', path: '/dev/null' }]);
  assert.deepEqual(parseSecret('id=a,env=TOKEN', environment), ['a', { kind: 'value', value: 'value' }]);
  assert.deepEqual(parseSecret('type=env,id=a,src=TOKEN', environment), ['a', { kind: 'value', value: 'value' }]);
  assert.deepEqual(parseSecret('id=TOKEN', environment), ['TOKEN', { kind: 'value', value: 'value' }]);
  for (const text of ['src', 'id=nowhere', 'id=a,src=/nowhere', 'id=a,type=x', 'id=a,what=b']) {
    assert.throws(() => parseSecret(text, environment), invalid, text);
  }
});

test('agents are sockets; caches have a type or are an image', () => {
  assert.throws(() => parseSsh('default', {}), /SSH_AUTH_SOCK is not set/);
  assert.throws(() => parseSsh('default=/nowhere', {}), invalid);
  assert.throws(
    () => parseSsh('default=/etc/passwd', {}),
    (error) => isErrorCode(error, 'unsupported'),
  );
  assert.deepEqual(parseCacheEntry('r/c:1', 'cache-from'), { type: 'registry', attributes: { ref: 'r/c:1' } });
  assert.deepEqual(parseCacheEntry('type=registry,ref=x,mode=max', 'cache-to'), {
    type: 'registry',
    attributes: { ref: 'x', mode: 'max' },
  });
  assert.throws(() => parseCacheEntry('ref=x', 'cache-to'), invalid);
  assert.throws(
    () => parseCacheEntry('type=local,dest=x', 'cache-to'),
    (error) => isErrorCode(error, 'unsupported'),
  );
});

test('where files come from: directories by the names that the frontend has for them', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pouch-sources-'));
  try {
    writeFileSync(join(root, 'dockerfile'), '');
    const context = { kind: 'directory', path: root } as const;
    await using plain = await prepareSources({ ...EMPTY, context });
    assert.deepEqual(plain.attributes, { filename: 'dockerfile' });
    assert.deepEqual(
      [...plain.directories],
      [
        ['context', root],
        ['dockerfile', root],
      ],
    );
    const namedContexts = { context: root, image: 'docker-image://x', url: 'https://h/x.git' };
    await using named = await prepareSources({ ...EMPTY, context, namedContexts });
    assert.equal(named.attributes['context:context'], 'local:named-context');
    assert.equal(named.attributes['context:image'], 'docker-image://x');
    assert.equal(named.attributes['context:url'], 'https://h/x.git');
    assert.equal(named.directories.get('named-context'), root);
    const remote = { kind: 'remote', url: 'https://h/x.tgz' } as const;
    await using fetched = await prepareSources({
      ...EMPTY,
      context: remote,
      dockerfile: { kind: 'path', path: 'a/D' },
    });
    assert.deepEqual(fetched.attributes, { context: 'https://h/x.tgz', filename: 'a/D' });
    assert.equal(fetched.directories.size, 0);
    await using text = await prepareSources({
      ...EMPTY,
      context: remote,
      dockerfile: { kind: 'text', text: 'FROM a' },
    });
    assert.equal(text.attributes['dockerfilekey'], 'dockerfile');
    assert.equal(text.directories.size, 1);
    const missing = prepareSources({ ...EMPTY, context, dockerfile: { kind: 'path', path: join(root, 'x') } });
    await assert.rejects(missing, (error) => isErrorCode(error, 'not-found'));
  } finally {
    rmSync(root, { recursive: true });
  }
});
