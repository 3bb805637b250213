/** `pouch build` with a registry that wants a login: base images, pushes, caches. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { RealRegistry } from '../registry/real-registry.ts';
import { BUILDKITD } from './builder.kit.ts';

const USER = { username: 'builder', password: 'pass:word' };

function missing(): string | false {
  if (BUILDKITD === undefined) return 'there is no buildkitd here (name a directory in POUCH_COMPAT_CLIENTS)';
  return existsSync('/usr/bin/docker-registry') ? false : 'there is no docker-registry here';
}

suite('pouch build and a private registry', { skip: missing(), timeout: 300_000 }, () => {
  let registry: RealRegistry;
  let daemon: TestDaemon;
  let certificates: string;

  before(async () => {
    registry = await RealRegistry.start({ auth: USER, tls: true });
    certificates = mkdtempSync(join(tmpdir(), 'pouch-certificates-'));
    mkdirSync(join(certificates, registry.domain));
    cpSync(registry.caPath, join(certificates, registry.domain, 'ca.crt'));
    daemon = await TestDaemon.start(['--certs-dir', certificates, '--buildkit-binary', BUILDKITD as string]);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    rmSync(certificates, { recursive: true });
    await daemon[Symbol.asyncDispose]();
  });

  const build = async (Dockerfile: string, ...flags: string[]): ReturnType<TestDaemon['pouch']> =>
    await daemon.pouch(['build', ...flags, '-'], { input: Dockerfile, allowFailure: true });

  test("the user's credentials are asked for in the session, and nobody else's", async () => {
    const name = `${registry.domain}/team/app:1`;
    const refused = await build('FROM busybox\nRUN echo 1 > /x\n', '-t', name, '--push');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no basic auth credentials|unauthorized|authorization failed|401/i);
    const login = ['login', '--username', USER.username, '--password-stdin', registry.domain];
    await daemon.pouch(login, { input: USER.password });
    const pushed = await build('FROM busybox\nRUN echo pushed > /x\nCMD ["cat", "/x"]\n', '-t', name, '--push');
    assert.equal(pushed.code, 0, pushed.stderr);
    await daemon.pouch(['rmi', '-f', name]);
    const based = await build(`FROM ${name}\nRUN echo based >> /x\n`, '-t', 'based', '--pull');
    assert.equal(based.code, 0, based.stderr);
    assert.equal(await daemon.run(['based']), 'pushed\nbased');
  });

  test('a cache goes to the registry, and comes from it', async () => {
    const Dockerfile = 'FROM busybox\nRUN date +%s%N > /date\n';
    const ref = `${registry.domain}/team/cache:1`;
    const to = await build(Dockerfile, '-t', 'cached', '--cache-to', `type=registry,ref=${ref},mode=max`);
    assert.equal(to.code, 0, to.stderr);
    const date = await daemon.run(['cached', 'cat', '/date']);
    await daemon.pouch(['rmi', '-f', 'cached']);
    await daemon.pouch(['builder', 'prune', '-af']);
    const from = await build(Dockerfile, '-t', 'cached', '--cache-from', ref);
    assert.match(from.stderr, /CACHED/);
    assert.equal(await daemon.run(['cached', 'cat', '/date']), date);
    const local = await build(Dockerfile, '--cache-to', 'type=local,dest=x');
    assert.match(local.stderr, /a cache in a directory is for docker buildx/);
  });
});
