import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { RealRegistry } from '../registry/real-registry.ts';

const USER = { username: 'someone', password: 'pass:word' };

let registry: RealRegistry;
let daemon: TestDaemon;
let certificates: string;
let image: string;

before(async () => {
  registry = await RealRegistry.start({ auth: USER, tls: true });
  certificates = mkdtempSync(join(tmpdir(), 'pouch-certificates-'));
  mkdirSync(join(certificates, registry.domain));
  cpSync(registry.caPath, join(certificates, registry.domain, 'ca.crt'));
  daemon = await TestDaemon.start(['--certs-dir', certificates]);
  image = `${registry.domain}/team/app`;
  await daemon.pouch(['tag', 'busybox', `${image}:1`]);
});

after(async () => {
  // The registry first: should the daemon not have started, it must not keep this process.
  await registry[Symbol.asyncDispose]();
  rmSync(certificates, { recursive: true });
  await daemon[Symbol.asyncDispose]();
});

async function login(password: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const args = ['login', '--username', USER.username, '--password-stdin', registry.domain];
  return await daemon.pouch(args, { input: password, allowFailure: true });
}

test('without a login a push and a pull say that one is needed', async () => {
  const push = await daemon.pouch(['push', `${image}:1`], { allowFailure: true });
  assert.equal(push.code, 1);
  assert.match(push.stderr, /no basic auth credentials|unauthorized|authentication required|denied/i);
  const pull = await daemon.pouch(['pull', `${image}:1`], { allowFailure: true });
  assert.equal(pull.code, 1);
  assert.match(pull.stderr, /pull access denied .*login/);
});

test('a wrong password is refused and not kept', async () => {
  const { code, stderr } = await login('wrong');
  assert.equal(code, 1);
  assert.match(stderr, /unauthorized|incorrect username or password|authentication/i);
  const answer = await daemon.api('POST', '/auth', { ...USER, password: 'wrong', serveraddress: registry.domain });
  assert.equal(answer.status, 401);
  assert.match(answer.text, /"message":".{10,}"/);
});

test('a registry that is not there is named by login and search', async () => {
  const answer = await daemon.api('POST', '/auth', { ...USER, serveraddress: 'localhost:1' });
  assert.ok(answer.status >= 400 && answer.status !== 500, answer.text);
  assert.match(answer.text, /localhost:1/);
  const search = await daemon.pouch(['search', 'localhost:1/app'], { allowFailure: true });
  assert.equal(search.code, 1);
  assert.match(search.stderr, /localhost:1/);
});

test('login, push, remove, pull by tag and by digest, run, save, remove and load', async () => {
  const { stdout, stderr, code } = await login(USER.password);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /Login Succeeded/);

  const pushed = await daemon.pouch(['push', `${image}:1`]);
  const digest = /digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed.stdout)?.[1];
  assert.ok(digest, pushed.stdout);
  assert.match((await daemon.pouch(['push', `${image}:1`])).stdout, /Layer already exists/);

  await removeAll();
  const byTag = await daemon.pouch(['pull', `${image}:1`]);
  assert.match(byTag.stdout, new RegExp(`Digest: ${digest}`));
  assert.match(byTag.stdout, /Status: Downloaded newer image/);
  assert.equal(await daemon.run([`${image}:1`, 'echo', 'by tag']), 'by tag');
  assert.match((await daemon.pouch(['pull', `${image}:1`])).stdout, /Status: Image is up to date/);

  await removeAll();
  await daemon.pouch(['pull', `${image}@${digest}`]);
  assert.equal(await daemon.run([`${image}@${digest}`, 'echo', 'by digest']), 'by digest');
  await removeAll();
  assert.equal(await daemon.run(['--pull', 'missing', `${image}:1`, 'echo', 'by run']), 'by run');

  const archive = join(daemon.directory, 'saved.tar');
  await daemon.pouch(['save', '--output', archive, `${image}:1`]);
  await removeAll();
  assert.match((await daemon.pouch(['load', '--input', archive])).stdout, new RegExp(`Loaded image: ${image}:1`));
  assert.equal(await daemon.run([`${image}:1`, 'echo', 'loaded']), 'loaded');
});

test('what is not in the registry is said to be not there', async () => {
  const tag = await daemon.pouch(['pull', `${image}:none`], { allowFailure: true });
  assert.match(tag.stderr, /failed to resolve reference .*:none: not found/);
  const digest = await daemon.pouch(['pull', `${image}@sha256:${'0'.repeat(64)}`], { allowFailure: true });
  assert.match(digest.stderr, /not found/);
  assert.deepEqual([tag.code, digest.code], [1, 1]);
});

test('search finds a repository by a part of its name', async () => {
  const { stdout } = await daemon.pouch(['search', `${registry.domain}/app`]);
  assert.match(stdout, /team\/app/);
});

test('after a logout nothing of it is kept, and a pull is refused again', async () => {
  await daemon.pouch(['logout', registry.domain]);
  await removeAll();
  const { code, stderr } = await daemon.pouch(['pull', `${image}:1`], { allowFailure: true });
  assert.equal(code, 1);
  assert.match(stderr, /login/);
  const config = ['.docker', '.pouch'].map((name) => join(daemon.directory, name, 'config.json'));
  for (const path of config) assert.doesNotMatch(readIfThere(path), new RegExp(registry.domain));
  assert.doesNotMatch(daemon.log(100_000), /pass:word|c29tZW9uZTpwYXNzOndvcmQ/, 'the log holds a password');
});

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Every image, busybox too: nothing of its layers may be left to pull with. */
async function removeAll(): Promise<void> {
  const images = (await daemon.ok('GET', '/images/json')).json as { Id: string }[];
  for (const { Id } of images) await daemon.ok('DELETE', `/images/${Id}?force=1`);
  assert.deepEqual((await daemon.ok('GET', '/images/json?all=1')).json, []);
}
