import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { exec } from '@pouch/base';

const ROOT = resolve(import.meta.dirname, '../..');
const skip = existsSync(join(ROOT, 'dist/pouchd')) ? false : 'nothing is built (npm run build)';
let destination = '';

before(() => {
  destination = mkdtempSync(join(tmpdir(), 'pouch-install-'));
});
after(() => rmSync(destination, { recursive: true, force: true }));

async function script(name: string, args: readonly string[] = [], environment: Record<string, string> = {}) {
  return await exec('bash', [join(ROOT, 'scripts', name), ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: destination, DESTDIR: destination, ...environment },
    timeout: 120_000,
    allowFailure: true,
  });
}

const at = (path: string): string => join(destination, path);
const mode = (path: string): number => statSync(at(path)).mode & 0o777;

test('an installation holds everything it needs, and says where it will be', { skip }, async () => {
  const { code, stdout, stderr } = await script('install');
  assert.equal(code, 0, stdout + stderr);
  for (const program of ['usr/local/bin/pouch', 'usr/local/bin/pouchd', 'usr/local/lib/pouch/node'])
    assert.equal(mode(program), 0o755);
  const launcher = readFileSync(at('usr/local/bin/pouchd'), 'utf8');
  assert.match(launcher, /'\/usr\/local\/lib\/pouch\/node'.*'\/usr\/local\/lib\/pouch\/pouchd\.cjs' "\$@"/);
  assert.ok(!launcher.includes(ROOT));
  const bundle = await exec(at('usr/local/lib/pouch/node'), [at('usr/local/lib/pouch/pouchd.cjs'), '--version']);
  assert.match(bundle.stdout, /^pouchd version \d/);
  assert.ok(existsSync(at('usr/local/lib/pouch/file-thread.cjs')));
  const client = await exec(at('usr/local/bin/pouch'), ['--version'], { env: {} });
  assert.match(client.stdout, /\d+\.\d+\.\d+/);
});

test('the unit lets containers outlive the daemon, and gives it their control groups', { skip }, () => {
  const unit = readFileSync(at('etc/systemd/system/pouchd.service'), 'utf8');
  for (const line of [
    'ExecStart=/usr/local/bin/pouchd',
    'Type=notify',
    'KillMode=process',
    'Delegate=yes',
    'Restart=always',
  ])
    assert.ok(unit.split('\n').includes(line), line);
  assert.ok(!unit.includes('@'));
});

test('completion is what the installed client prints, and bash can read it', { skip }, async () => {
  const path = at('usr/local/share/bash-completion/completions/pouch');
  const { stdout } = await exec('bash', ['-c', `. "${path}" && complete -p pouch`]);
  assert.match(stdout, /-F _pouch pouch/);
  assert.match(readFileSync(at('usr/local/share/zsh/site-functions/_pouch'), 'utf8'), /^#compdef pouch/);
});

test('a second installation keeps the configuration that it finds', { skip }, async () => {
  const config = at('etc/pouch/config.json');
  assert.deepEqual(JSON.parse(readFileSync(config, 'utf8')), {});
  writeFileSync(config, '{"debug": true}\n');
  assert.equal((await script('install')).code, 0);
  assert.equal(readFileSync(config, 'utf8'), '{"debug": true}\n');
});

test('PREFIX moves the programs and what names them', { skip }, async () => {
  assert.equal((await script('install', [], { PREFIX: '/opt/pouch' })).code, 0);
  assert.match(readFileSync(at('opt/pouch/bin/pouchd'), 'utf8'), /'\/opt\/pouch\/lib\/pouch\/node'/);
  assert.match(readFileSync(at('etc/systemd/system/pouchd.service'), 'utf8'), /^ExecStart=\/opt\/pouch\/bin\/pouchd$/m);
  assert.equal((await script('uninstall', [], { PREFIX: '/opt/pouch' })).code, 0);
  assert.deepEqual(filesBelow('opt'), []);
});

/** Call a function of the scripts on a host whose socket for Docker's clients is `link`. */
async function onSocket(link: string, call: string, target: string): Promise<{ code: number; stdout: string }> {
  const settings = `ROOT='${ROOT}' DESTDIR='' docker_socket='${link}' tmpfiles='${link}.conf'; staged() { false; }`;
  const source = `. '${ROOT}/scripts/lib/docker-socket.sh'; ${call} '${target}'`;
  return await exec('bash', ['-uo', 'pipefail', '-c', `${settings}; ${source}`], { allowFailure: true });
}

test('the link for Docker clients is made and taken away, and only where nothing of others is', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pouch-install-'));
  const link = join(directory, 'docker.sock');
  const [link1, link2] = ['/run/pouch/pouchd.sock', '/run/other/pouchd.sock'];
  try {
    assert.equal((await onSocket(link, 'link_docker_socket', link1)).code, 0);
    assert.equal(readlinkSync(link), link1);
    assert.match(readFileSync(`${link}.conf`, 'utf8'), new RegExp(`^L ${link} - - - - ${link1}$`, 'm'));
    // Another state directory since: the link follows.
    assert.equal((await onSocket(link, 'link_docker_socket', link2)).code, 0);
    assert.equal(readlinkSync(link), link2);
    assert.equal((await onSocket(link, 'unlink_docker_socket', '')).code, 0);
    assert.deepEqual(readdirSync(directory), []);

    const server = createServer().listen(link);
    await once(server, 'listening');
    const refused = await onSocket(link, 'link_docker_socket', link1);
    assert.equal(refused.code, 1);
    assert.match(refused.stdout, /is another engine's/);
    // Docker came after the link was made: its socket stays when Pouch goes.
    writeFileSync(`${link}.conf`, `L ${link} - - - - ${link1}\n`);
    assert.equal((await onSocket(link, 'unlink_docker_socket', '')).code, 0);
    assert.ok(statSync(link).isSocket());
    server.close();
    await once(server, 'close');

    symlinkSync('/run/user/1000/podman.sock', link);
    assert.match((await onSocket(link, 'link_docker_socket', link1)).stdout, /leads to \/run\/user/);
    assert.equal((await onSocket(link, 'unlink_docker_socket', '')).code, 0);
    assert.equal(readlinkSync(link), '/run/user/1000/podman.sock');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('--docker-socket lays out what makes the link at each boot', { skip }, async () => {
  assert.equal((await script('install', ['--docker-socket'])).code, 0);
  const line = readFileSync(at('etc/tmpfiles.d/pouch-docker-socket.conf'), 'utf8').split('\n').at(-2);
  assert.match(line ?? '', /^L \/\S*run\/docker.sock - - - - \/run\/pouch\/pouchd.sock$/);
});

test('uninstall takes away all but a configuration that was changed; with --purge that too', { skip }, async () => {
  const kept = await script('uninstall');
  assert.equal(kept.code, 0, kept.stdout + kept.stderr);
  assert.deepEqual(filesBelow('.'), ['etc/pouch/config.json']);
  assert.equal((await script('uninstall', ['--purge'])).code, 0);
  assert.deepEqual(filesBelow('.'), []);
});

test('wrong arguments are refused before anything is done', { skip }, async () => {
  assert.equal((await script('install', [], { PREFIX: 'relative' })).code, 1);
  assert.equal((await script('install', ['--now'])).code, 1);
  assert.equal((await script('uninstall', ['--all'])).code, 1);
  assert.deepEqual(filesBelow('.'), []);
});

/** Files of the installation; what programs keep in a home directory is none. */
function filesBelow(path: string): string[] {
  const cwd = at(path);
  return globSync('{etc,usr,opt,bin,lib,share}/**', { cwd }).filter((each) => statSync(join(cwd, each)).isFile());
}
