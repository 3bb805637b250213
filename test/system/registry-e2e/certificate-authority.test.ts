import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { exec } from '@pouch/base';
import { TestDaemon } from '../../harness/test-daemon.ts';
import { inOwnNetns } from '../network/own-netns.ts';
import { RealRegistry } from '../registry/real-registry.ts';

/** Not loopback's, whose registries may show any certificate. */
const ADDRESS = '192.0.2.1';

if (inOwnNetns(import.meta.url)) {
  let registry: RealRegistry;
  let daemon: TestDaemon;
  let certificates: string;
  let image: string;

  before(async () => {
    await exec('ip', ['-batch', '-'], {
      input: `link set lo up\nlink add registry type bridge\naddr add ${ADDRESS}/24 dev registry\nlink set registry up\n`,
    });
    registry = await RealRegistry.start({ tls: true, address: ADDRESS });
    certificates = mkdtempSync(join(tmpdir(), 'pouch-authority-'));
    daemon = await TestDaemon.start(['--certs-dir', certificates]);
    image = `${registry.domain}/app:1`;
    await daemon.pouch(['tag', 'busybox', image]);
  });

  after(async () => {
    await registry[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
    rmSync(certificates, { recursive: true });
  });

  test('without its authority in certs-dir a registry is not trusted, and the message says where to put it', async () => {
    for (const command of ['push', 'pull']) {
      const { code, stderr } = await daemon.pouch([command, image], { allowFailure: true });
      assert.equal(code, 1, command);
      assert.match(stderr, /certificate/, command);
      assert.ok(stderr.includes(`${registry.domain}/ca.crt in the directory of the setting certs-dir`), stderr);
      assert.match(stderr, /insecure-registries/, command);
    }
  });

  test('with it in certs-dir push and pull work, and need no restart', async () => {
    mkdirSync(join(certificates, registry.domain));
    cpSync(registry.caPath, join(certificates, registry.domain, 'ca.crt'));
    await daemon.pouch(['push', image]);
    await daemon.ok('DELETE', '/images/busybox?force=1');
    await daemon.ok('DELETE', `/images/${image}?force=1`);
    await daemon.pouch(['pull', image]);
    assert.equal(await daemon.run([image, 'echo', 'trusted']), 'trusted');
  });

  test('an authority that signed another certificate does not help', async () => {
    await using other = await RealRegistry.start({ tls: true, address: ADDRESS });
    mkdirSync(join(certificates, other.domain));
    cpSync(registry.caPath, join(certificates, other.domain, 'ca.crt'));
    const { code, stderr } = await daemon.pouch(['pull', `${other.domain}/app:1`], { allowFailure: true });
    assert.equal(code, 1);
    assert.match(stderr, /certs-dir/);
  });
}
