import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { SolveRequest } from '@pouch/buildkit';
import { exportToImages } from './exporters.ts';

test("an export to the daemon's images becomes BuildKit's image exporter under full names", () => {
  const request = SolveRequest.fromPartial({
    Exporters: [
      { Type: 'moby', Attrs: { name: 'demo,demo:latest,localhost:5000/x:1', push: 'true', unpack: 'true' } },
      { Type: 'local', Attrs: { name: 'untouched' } },
    ],
  });
  assert.deepEqual(exportToImages(request), ['docker.io/library/demo:latest', 'localhost:5000/x:1']);
  assert.deepEqual(request.Exporters, [
    {
      Type: 'image',
      Attrs: {
        name: 'docker.io/library/demo:latest,localhost:5000/x:1',
        push: 'true',
        'dangling-name-prefix': 'pouch-dangling',
        'danging-name-empty-only': 'true',
      },
    },
    { Type: 'local', Attrs: { name: 'untouched' } },
  ]);
});

test('the form of older clients is changed as well; other requests are left as they are', () => {
  const old = SolveRequest.fromPartial({ ExporterDeprecated: 'moby', ExporterAttrsDeprecated: {} });
  assert.deepEqual(exportToImages(old), []);
  assert.equal(old.ExporterDeprecated, 'image');
  assert.equal(old.ExporterAttrsDeprecated['dangling-name-prefix'], 'pouch-dangling');
  for (const request of [{}, { Exporters: [{ Type: 'image', Attrs: {} }] }, { ExporterDeprecated: 'tar' }]) {
    const before = SolveRequest.fromPartial(request);
    assert.equal(exportToImages(before), undefined);
    assert.deepEqual(before, SolveRequest.fromPartial(request));
  }
});

test('a name that is none, or that carries a digest, is refused', () => {
  for (const name of ['UPPER', `a@sha256:${'0'.repeat(64)}`]) {
    const request = SolveRequest.fromPartial({ Exporters: [{ Type: 'moby', Attrs: { name } }] });
    assert.throws(
      () => exportToImages(request),
      (error) => isErrorCode(error, 'invalid-argument'),
    );
  }
});

test('what is not known of a request passes through', () => {
  // Field 2 (the definition), 14 and 17, which no message of ours has, among those that are known.
  const unknown = Buffer.from('12030a01787001880101', 'hex');
  const known = SolveRequest.encode(SolveRequest.fromPartial({ Ref: 'r', Exporters: [{ Type: 'moby', Attrs: {} }] }));
  const request = SolveRequest.decode(Buffer.concat([unknown, known.finish()]));
  exportToImages(request);
  const passed = Buffer.from(SolveRequest.encode(request).finish()).toString('hex');
  for (const part of ['12030a0178', '7001', '880101']) assert.ok(passed.includes(part), part);
  assert.ok(passed.includes(Buffer.from('image').toString('hex')));
});
