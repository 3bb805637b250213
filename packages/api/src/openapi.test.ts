import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Compile } from 'typebox/schema';
import { openApiDocument } from './openapi.ts';
import { OPERATIONS } from './routes/table.ts';
import { parse } from './schema/parse.ts';
import { ContainerCreateRequest } from './schemas/container-create.ts';

const document = JSON.parse(JSON.stringify(openApiDocument())) as {
  paths: Record<string, Record<string, { operationId: string }>>;
  components: { schemas: Record<string, object> };
};

test('every operation is in the document once', () => {
  const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((each) => each.operationId));
  assert.deepEqual(ids.toSorted(), OPERATIONS.toSorted());
});

test('every reference leads to a component', () => {
  const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((at) => at[1]);
  assert.ok(names.length > 100);
  for (const name of names) assert.ok(document.components.schemas[name as string], name);
});

test('another validator of JSON Schema agrees about a request', () => {
  const validator = Compile(ContainerCreateRequest);
  const cases: [unknown, boolean][] = [
    [{ Image: 'a', Cmd: 'b', HostConfig: { Memory: 1, PortBindings: { '80/tcp': [{ HostPort: '1' }] } } }, true],
    [{ Image: 1 }, false],
    [{ Cmd: [1] }, false],
    [{ HostConfig: { ConsoleSize: [1, 2, 3] } }, false],
    [{ HostConfig: { Mounts: [{ Type: 'nfs' }] } }, false],
    [{ HostConfig: { Memory: 1.5 } }, false],
  ];
  for (const [value, valid] of cases) {
    assert.equal(validator.Check(value), valid, JSON.stringify(value));
    if (valid) assert.ok(parse(ContainerCreateRequest, value));
    else assert.throws(() => parse(ContainerCreateRequest, value));
  }
});
