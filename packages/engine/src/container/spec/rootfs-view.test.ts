import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { exec, isErrorCode } from '@pouch/base';
import { layersOf, RootfsView } from './rootfs-view.ts';

const isRoot = process.getuid?.() === 0;
/** setxattr(2)'s number; the test of real attributes runs where it is known. */
const SETXATTR = ({ x64: 188, arm64: 5 } as Record<string, number>)[process.arch];

class Layers implements AsyncDisposable {
  readonly root: string;
  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Layers> {
    return new Layers(await mkdtemp(join(tmpdir(), 'pouch-view-')));
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
  }

  async link(path: string, target: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await symlink(target, join(this.root, path));
  }

  async whiteout(path: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await exec('mknod', [join(this.root, path), 'c', '0', '0']);
  }

  /** Layers `0` (newest) to `n`. */
  view(count: number, isOpaque?: (path: string) => Promise<boolean>): RootfsView {
    const names = Array.from({ length: count }, (_, index) => join(this.root, String(index)));
    const [upper = '', ...lower] = names;
    const options = ['index=off', `upperdir=${upper}`, `workdir=${upper}.work`, `lowerdir=${lower.join(':')}`];
    return new RootfsView([{ type: 'overlay', source: 'overlay', options }], isOpaque);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true });
  }
}

const transparent = async (): Promise<boolean> => false;

test('the newest layer that has a file decides; an absent one is undefined', async () => {
  await using layers = await Layers.make();
  await layers.write('1/etc/passwd', 'middle');
  await layers.write('2/etc/passwd', 'lowest');
  await layers.write('2/etc/group', 'group');
  await layers.write('0/other', '');
  const view = layers.view(3, transparent);
  assert.equal(await view.readText('/etc/passwd'), 'middle');
  assert.equal(await view.readText('/etc/group'), 'group');
  for (const path of ['/etc/shadow', '/etc', '/none/at/all', '/etc/passwd/x'])
    assert.equal(await view.readText(path), undefined);
});

test('whiteouts hide files and directories; a file hides a directory', { skip: !isRoot }, async () => {
  await using layers = await Layers.make();
  await layers.write('1/etc/passwd', 'old');
  await layers.whiteout('0/etc/passwd');
  await layers.write('1/gone/file', 'old');
  await layers.whiteout('0/gone');
  await layers.write('1/plain/file', 'old');
  await layers.write('0/plain', 'now a file');
  const view = layers.view(2, transparent);
  assert.equal(await view.readText('/etc/passwd'), undefined);
  assert.equal(await view.readText('/gone/file'), undefined);
  assert.equal(await view.readText('/plain/file'), undefined);
  assert.equal(await view.readText('/plain'), 'now a file');
});

test('an opaque directory hides the lower ones, and is asked about only when layers differ', async () => {
  await using layers = await Layers.make();
  await layers.write('0/etc/own', 'mine');
  await layers.write('1/etc/passwd', 'old');
  const asked: string[] = [];
  const view = layers.view(2, async (path) => {
    asked.push(path.slice(layers.root.length));
    return path.endsWith('/0/etc');
  });
  assert.equal(await view.readText('/etc/own'), 'mine');
  assert.deepEqual(asked, []);
  assert.equal(await view.readText('/etc/passwd'), undefined);
  assert.deepEqual(asked, ['/0/etc']);
  assert.deepEqual(await view.directoryParts('/etc'), [join(layers.root, '0/etc')]);
  assert.equal((await layers.view(2, transparent).directoryParts('/etc')).length, 2);
});

test('the real attribute is read', { skip: !isRoot || SETXATTR === undefined }, async () => {
  await using layers = await Layers.make();
  await layers.write('0/etc/own', 'mine');
  await layers.write('1/etc/passwd', 'old');
  assert.equal(await layers.view(2).readText('/etc/passwd'), 'old');
  const script =
    'my ($n, $v) = ("trusted.overlay.opaque", "y"); syscall($ARGV[0] + 0, $ARGV[1], $n, $v, 1, 0) == 0 or die "$!"';
  await exec('perl', ['-e', script, String(SETXATTR), join(layers.root, '0/etc')]);
  assert.equal(await layers.view(2).readText('/etc/passwd'), undefined);
});

test('symlinks stay inside the root, whatever they say', async () => {
  await using layers = await Layers.make();
  await layers.write('1/usr/etc/passwd', 'inside');
  await layers.link('0/etc', '/usr/etc');
  await layers.link('1/relative', 'usr/../../../usr/etc/passwd');
  await layers.link('1/out', '../../../../../../etc/passwd');
  await layers.link('1/loop', 'loop');
  const view = layers.view(2, transparent);
  assert.equal(await view.readText('/etc/passwd'), 'inside');
  assert.equal(await view.readText('/relative'), 'inside');
  assert.equal(await view.readText('/out'), 'inside');
  assert.equal(await view.readText('/../../etc/passwd'), 'inside');
  assert.equal(await view.readText('/loop'), undefined);
});

test('what is no regular file is not read, nor one too large', { skip: !isRoot }, async () => {
  await using layers = await Layers.make();
  await layers.write('0/x', '');
  await exec('mkfifo', [join(layers.root, '0/fifo')]);
  await exec('truncate', ['-s', '1G', join(layers.root, '0/large')]);
  const view = layers.view(1, transparent);
  assert.equal(await view.readText('/fifo'), undefined);
  await assert.rejects(view.readText('/large'), (error) => isErrorCode(error, 'too-large'));
});

test("containerd's mounts: overlays with and without an upper layer, escaped colons, binds", () => {
  const overlay = (...options: string[]): string[] => layersOf([{ type: 'overlay', source: 'overlay', options }]);
  assert.deepEqual(overlay('lowerdir=/a:/b'), ['/a', '/b']);
  assert.deepEqual(overlay('upperdir=/u', 'workdir=/w', 'lowerdir=/a\\:1:/b'), ['/u', '/a:1', '/b']);
  assert.deepEqual(layersOf([{ type: 'bind', source: '/s', options: ['rw', 'rbind'] }]), ['/s']);
  assert.throws(() => layersOf([{ type: 'ext4', source: '/dev/x', options: [] }]), /cannot be read/);
  assert.throws(() => layersOf([]), /other than one mount/);
});
