import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { type BuildkitdConfig, renderBuildkitdConfig } from './config.ts';

const BASE: BuildkitdConfig = {
  root: '/r',
  state: '/s',
  address: '/s/b.sock',
  containerd: { address: '/c.sock', namespace: 'n', snapshotter: 'overlayfs' },
  runtime: { binary: 'crun', root: '/s/runtime', systemdCgroup: false },
  cgroupParent: '/pouch',
  network: { mode: 'host' },
  dns: { servers: ['10.0.0.1'], search: [], options: [] },
  registries: [],
  cacheLimit: 1000,
  labels: {},
};

test('the configuration names the containerd, the runtime, the network and the registries', () => {
  const text = renderBuildkitdConfig({
    ...BASE,
    network: { mode: 'cni', configPath: '/s/p.conf', binaryDirectory: '/s/bin', poolSize: 0 },
    registries: [
      { host: 'a:5000', insecure: true },
      { host: 'docker.io', mirrors: ['m"x'], certificates: '/certs' },
    ],
    labels: { 'a.b': 'c' },
  });
  assert.match(text, /\[worker\.oci\]\nenabled = false/);
  assert.match(text, /\nnamespace = "n"\n/);
  assert.match(text, /\nBinaryName = "crun"\nRoot = "\/s\/runtime"\nSystemdCgroup = false\n/);
  assert.match(text, /networkMode = "cni"\ncniConfigPath = "\/s\/p\.conf"/);
  assert.match(text, /\[registry\."a:5000"\]\nhttp = true\ninsecure = true\n/);
  assert.match(text, /mirrors = \["m\\"x"\]\ntlsconfigdir = \["\/certs"\]/);
  assert.match(text, /\n"a\.b" = "c"\n/);
  assert.match(text, /nameservers = \["10\.0\.0\.1"\]/);
  assert.match(renderBuildkitdConfig(BASE), /networkMode = "host"/);
});

test('a path cannot be relative or break out of its line', () => {
  for (const bad of [{ root: 'r' }, { address: '/a\nroot = "/"' }]) {
    assert.throws(
      () => renderBuildkitdConfig({ ...BASE, ...bad }),
      (error) => isErrorCode(error, 'invalid-argument'),
    );
  }
});

test('the cache has a limit, by the names that older and newer releases know, or none', () => {
  assert.match(renderBuildkitdConfig(BASE), /\ngc = true\nmaxUsedSpace = 1000\ngckeepstorage = 1000\n/);
  assert.match(renderBuildkitdConfig({ ...BASE, cacheLimit: undefined }), /\ngc = false\n/);
});
