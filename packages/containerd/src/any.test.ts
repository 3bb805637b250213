import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { OCI_TYPE, packJson, unpackJson, unpackMessage } from './any.ts';
import { decodeEvent } from './event-types.ts';
import { TaskExit } from './generated/containerd/events/events.ts';
import { ImageCreate } from './generated/containerd/events/images.ts';
import { Options } from './generated/containerd/runtime/runc.ts';
import { packRuncOptions } from './runtime-options.ts';
import { fromNanos, toNanos } from './time.ts';

test('a specification goes and comes as JSON under the type URL that containerd knows', () => {
  const spec = { ociVersion: '1.0.2', hostname: 'höst' };
  const any = packJson(OCI_TYPE.spec, spec);
  assert.equal(any.typeUrl, 'types.containerd.io/opencontainers/runtime-spec/1/Spec');
  assert.deepEqual(unpackJson(any), spec);
  assert.throws(
    () => unpackJson({ typeUrl: 'x', value: Buffer.from('{') }),
    (error) => isErrorCode(error, 'data-loss'),
  );
});

test('runtime options go under their full name', () => {
  const any = packRuncOptions({ binaryName: 'crun', systemdCgroup: true });
  assert.equal(any.typeUrl, 'containerd.runc.v1.Options');
  assert.equal(unpackMessage(any, 'containerd.runc.v1.Options', Options)?.binaryName, 'crun');
  assert.equal(unpackMessage(any, 'runtimeoptions.v1.Options', Options), undefined);
});

test('times keep their nanoseconds; a time that is none, or zero in Go, is undefined', () => {
  const nanos = 1_767_323_045_123_456_789n;
  assert.equal(toNanos(fromNanos(nanos)), nanos);
  assert.equal(toNanos(undefined), undefined);
  assert.equal(toNanos({ seconds: -62_135_596_800n, nanos: 0 }), undefined);
});

test('events are told by the last word of their type', () => {
  const exit = TaskExit.fromPartial({ containerId: 'c', id: 'c', exitStatus: 137, exitedAt: fromNanos(5n) });
  const value = TaskExit.encode(exit).finish();
  for (const typeUrl of ['containerd.events.TaskExit', 'type.googleapis.com/containerd.events.TaskExit']) {
    const event = decodeEvent({ typeUrl, value });
    assert.equal(event.kind, 'TaskExit');
    assert.ok(event.kind === 'TaskExit' && event.exitStatus === 137 && event.exitedAt === 5n);
  }
  const image = ImageCreate.encode({ name: 'n', labels: { a: 'b' } }).finish();
  assert.equal(decodeEvent({ typeUrl: 'containerd.services.images.v1.ImageCreate', value: image }).kind, 'ImageCreate');
  for (const typeUrl of ['other.TaskExit', 'containerd.events.toString', '']) {
    assert.equal(decodeEvent({ typeUrl, value }).kind, 'unknown');
  }
  assert.equal(decodeEvent(undefined).kind, 'unknown');
});
