import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { decodeFilters, decodeQuery, encodeQuery, parseQueryBoolean, query } from './query.ts';
import { ENDPOINTS } from './routes/table.ts';

test('booleans are read as Docker reads them', () => {
  for (const text of ['', '0', 'no', 'false', 'none', 'NO', ' False '])
    assert.equal(parseQueryBoolean(text), false, text);
  for (const text of ['1', 'true', 'yes', 'on', 'nope', '2']) assert.equal(parseQueryBoolean(text), true, text);
});

test('a query is decoded by its fields', () => {
  const fields = ENDPOINTS.ContainerList.query;
  const values = decodeQuery(fields, new URLSearchParams('all=1&limit=5&size=no&filters={"label":["a=b"]}&other=x'));
  assert.deepEqual(values, { all: true, limit: 5, size: false, filters: { label: ['a=b'] } });
  assert.deepEqual(decodeQuery(fields, new URLSearchParams('limit=&filters=')), {});
});

test('a wrong or missing value names its parameter', () => {
  const bad = (text: string, message: RegExp): void =>
    assert.throws(
      () => decodeQuery(ENDPOINTS.ContainerResize.query, new URLSearchParams(text)),
      (error) => isErrorCode(error, 'invalid-argument') && message.test(error.message),
    );
  bad('h=1&w=x', /'w': expected an integer, got "x"/);
  bad('h=1&w=1e3', /'w'/);
  bad('h=1', /'w': it is required/);
});

test('filters come in two notations', () => {
  assert.deepEqual(decodeFilters('{"label":["a","b"]}'), { label: ['a', 'b'] });
  assert.deepEqual(decodeFilters('{"label":{"a":true,"b":false},"name":{}}'), { label: ['a'], name: [] });
  for (const text of [
    '[]',
    '1',
    '"a"',
    '{',
    '{"a":"b"}',
    '{"a":[1]}',
    '{"a":{"b":"c"}}',
    '{"__proto__":["a"]}',
    '{"a":null}',
  ]) {
    assert.throws(
      () => decodeFilters(text),
      (error) => isErrorCode(error, 'invalid-argument'),
      text,
    );
  }
});

test('repeated and JSON parameters survive the way there and back', () => {
  const fields = ENDPOINTS.ImageGetAll.query;
  const values = { names: ['a b', 'c&d'], platform: [{ os: 'linux', architecture: 'amd64' }] };
  assert.deepEqual(decodeQuery(fields, new URLSearchParams(encodeQuery(fields, values))), values);
  assert.equal(encodeQuery({ a: query.bool(), b: query.int() }, { a: false }), 'a=0');
});

test("a parameter newer than the request's version is not seen", () => {
  const fields = ENDPOINTS.ContainerStop.query;
  const given = new URLSearchParams('signal=HUP&t=3');
  assert.deepEqual(decodeQuery(fields, given, '1.41'), { t: 3 });
  assert.deepEqual(decodeQuery(fields, given, '1.42'), { signal: 'HUP', t: 3 });
});
