import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exec } from '@pouch/base';
import { copyUp } from './copy-up.ts';
import { mountSubpath, unmountSubpath } from './subpath.ts';

const isRoot = process.getuid?.() === 0;

class Scene implements AsyncDisposable {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Scene> {
    const scene = new Scene(await mkdtemp(join(tmpdir(), 'pouch-copy-')));
    await mkdir(scene.volume);
    await mkdir(join(scene.image, 'sub'), { recursive: true });
    await writeFile(join(scene.image, 'file'), 'content', { mode: 0o640 });
    await link(join(scene.image, 'file'), join(scene.image, 'sub/hard'));
    await symlink('/etc/passwd', join(scene.image, 'soft'));
    return scene;
  }

  get volume(): string {
    return join(this.root, 'volume');
  }

  get image(): string {
    return join(this.root, 'image');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true });
  }
}

test('an empty volume gets the content with owners, modes, hard links and symlinks', { skip: !isRoot }, async () => {
  await using scene = await Scene.make();
  await chown(join(scene.image, 'file'), 1000, 1001);
  await chown(scene.image, 1000, 1000);
  await chmod(scene.image, 0o2750);
  assert.equal(await copyUp(scene.volume, scene.image), 'content');
  const file = await lstat(join(scene.volume, 'file'));
  assert.deepEqual([file.uid, file.gid, file.mode & 0o7777], [1000, 1001, 0o640]);
  assert.equal((await lstat(join(scene.volume, 'sub/hard'))).ino, file.ino);
  assert.equal(await readlink(join(scene.volume, 'soft')), '/etc/passwd');
  const directory = await lstat(scene.volume);
  assert.deepEqual([directory.uid, directory.gid, directory.mode & 0o7777], [1000, 1000, 0o2750]);
  assert.deepEqual((await readdir(scene.volume)).toSorted(), ['file', 'soft', 'sub']);
});

test('an empty directory gives owner and mode, and only when asked for more than content', {
  skip: !isRoot,
}, async () => {
  await using scene = await Scene.make();
  const empty = join(scene.root, 'empty');
  await mkdir(empty);
  await chown(empty, 7, 7);
  assert.equal(await copyUp(scene.volume, empty), 'attributes');
  assert.equal((await lstat(scene.volume)).uid, 7);
  await chown(scene.volume, 9, 9);
  assert.equal(await copyUp(scene.volume, empty, { contentOnly: true }), 'nothing');
  assert.equal((await lstat(scene.volume)).uid, 9);
  assert.deepEqual(await readdir(scene.volume), []);
});

test('a volume that holds anything is left alone', async () => {
  await using scene = await Scene.make();
  await writeFile(join(scene.volume, 'mine'), 'x');
  assert.equal(await copyUp(scene.volume, scene.image), 'nothing');
  assert.deepEqual(await readdir(scene.volume), ['mine']);
});

test('a crash while copying starts anew; a crash while moving is finished', { skip: !isRoot }, async () => {
  await using scene = await Scene.make();
  await mkdir(join(scene.volume, '.pouch-copying-dead/sub'), { recursive: true });
  await writeFile(join(scene.volume, '.pouch-copying-dead/file'), 'cont');
  assert.equal(await copyUp(scene.volume, scene.image), 'content');
  assert.equal(await readFile(join(scene.volume, 'file'), 'utf8'), 'content');

  await using half = await Scene.make();
  await writeFile(join(half.volume, 'file'), 'content');
  await mkdir(join(half.volume, '.pouch-copied/sub'), { recursive: true });
  assert.equal(await copyUp(half.volume, half.image), 'content');
  assert.deepEqual((await readdir(half.volume)).toSorted(), ['file', 'sub']);
});

test('killed at any moment, the next call leaves the whole content once', { skip: !isRoot }, async () => {
  await using scene = await Scene.make();
  for (let index = 0; index < 200; index += 1) await writeFile(join(scene.image, `sub/${index}`), 'x'.repeat(20_000));
  const script = join(import.meta.dirname, 'copy-up.testkit.ts');
  for (let round = 0; round < 10; round += 1) {
    const volume = join(scene.root, `volume-${round}`);
    await mkdir(volume);
    const child = spawn(process.execPath, [script, volume, scene.image], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    setTimeout(() => child.kill('SIGKILL'), round * 4);
    await new Promise((resolve) => child.once('exit', resolve));
    await copyUp(volume, scene.image);
    const { stdout } = await exec('diff', ['-r', '--no-dereference', scene.image, volume], { allowFailure: true });
    assert.equal(stdout, '', `round ${round}`);
  }
});

test('the parts of an overlay are merged, whiteouts heeded', { skip: !isRoot }, async () => {
  await using scene = await Scene.make();
  const upper = join(scene.root, 'upper');
  await mkdir(upper);
  await writeFile(join(upper, 'new'), 'n');
  await exec('mknod', [join(upper, 'file'), 'c', '0', '0']);
  assert.equal(await copyUp(scene.volume, [upper, scene.image]), 'content');
  assert.deepEqual((await readdir(scene.volume)).toSorted(), ['new', 'soft', 'sub']);
});

test('a subpath is mounted by its inode; symlinks out of the volume stay inside', { skip: !isRoot }, async () => {
  await using scene = await Scene.make();
  const target = join(scene.root, 'run/target');
  await mkdir(join(scene.volume, 'a/b'), { recursive: true });
  await writeFile(join(scene.volume, 'a/b/file'), 'inside');
  await symlink('/a', join(scene.volume, 'absolute'));
  await symlink('../../../../../../etc', join(scene.volume, 'escape'));
  for (const path of ['a/b', 'absolute/b', './a/../a/b']) {
    await mountSubpath(scene.volume, path, target);
    assert.equal(await readFile(join(target, 'file'), 'utf8'), 'inside');
    await unmountSubpath(target);
  }
  await mountSubpath(scene.volume, 'a/b/file', target);
  assert.equal(await readFile(target, 'utf8'), 'inside');
  await unmountSubpath(target);
  for (const path of ['escape', 'missing', 'a/b/file/x', '../../etc']) {
    await assert.rejects(mountSubpath(scene.volume, path, target), /cannot access path .* inside the volume/, path);
  }
});
