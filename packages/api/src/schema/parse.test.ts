import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isErrorCode } from '@pouch/base';
import { ContainerCreateRequest } from '../schemas/container-create.ts';
import { ContainerState } from '../schemas/container-state.ts';
import { ExecCreateRequest } from '../schemas/exec.ts';
import { NetworkCreateRequest } from '../schemas/network.ts';
import { AuthConfig } from '../schemas/registry.ts';
import { parse, parseJson, unknownFields, violation } from './parse.ts';
import { dict, json, nullable, object, str } from './type.ts';

function refused(message: RegExp): (error: unknown) => boolean {
  return (error) => isErrorCode(error, 'invalid-argument') && message.test(error.message);
}

test('null counts as absent in a request, deep down too', () => {
  const body = parse(ContainerCreateRequest, {
    Image: 'busybox',
    Cmd: null,
    Healthcheck: null,
    HostConfig: { Binds: null, Memory: null, RestartPolicy: { Name: 'no', MaximumRetryCount: null } },
    NetworkingConfig: { EndpointsConfig: { web: null } },
  });
  assert.deepEqual(body, {
    Image: 'busybox',
    HostConfig: { RestartPolicy: { Name: 'no' } },
    NetworkingConfig: { EndpointsConfig: { web: {} } },
  });
});

test('null in a map keeps its key, for an exposed port is one', () => {
  const body = parse(ContainerCreateRequest, {
    ExposedPorts: { '80/tcp': null },
    HostConfig: { PortBindings: { '80/tcp': null, '81/tcp': [{ HostPort: '81' }] } },
  });
  assert.deepEqual(body.ExposedPorts, { '80/tcp': {} });
  assert.deepEqual(body.HostConfig?.PortBindings, { '80/tcp': [], '81/tcp': [{ HostPort: '81' }] });
});

test('null stays where the schema allows it', () => {
  assert.deepEqual(parse(object('X', { a: nullable(str()) }), { a: null }), { a: null });
});

test('one string becomes a list where Docker takes either', () => {
  assert.deepEqual(parse(ContainerCreateRequest, { Cmd: 'ls', Entrypoint: ['sh'] }), {
    Cmd: ['ls'],
    Entrypoint: ['sh'],
  });
});

test('a field is found without regard to case, and the exact name wins', () => {
  assert.deepEqual(parse(AuthConfig, { Username: 'a', USERNAME: 'b', username: 'c', ServerAddress: 'd' }), {
    username: 'c',
    serveraddress: 'd',
  });
});

test('a message names the field, what was given and what is expected', () => {
  const bad = (value: unknown, message: RegExp): void =>
    assert.throws(() => parse(ContainerCreateRequest, value), refused(message));
  bad({ HostConfig: { Memory: '12m' } }, /^invalid HostConfig\.Memory: expected an integer, got "12m"$/);
  bad({ HostConfig: { Memory: 1.5 } }, /HostConfig\.Memory: expected an integer, got 1\.5/);
  bad({ HostConfig: { Memory: 1e300 } }, /HostConfig\.Memory: expected an integer/);
  bad({ Env: 'A=b' }, /Env: expected a list, got "A=b"/);
  bad({ Env: ['A', 1] }, /Env\[1\]: expected a string, got 1/);
  bad(
    { HostConfig: { PortBindings: { '80/tcp': [{ HostIp: 1 }] } } },
    /PortBindings\["80\/tcp"\]\[0\]\.HostIp: expected a string/,
  );
  bad({ HostConfig: { Mounts: [{ Type: 'nfs' }] } }, /Mounts\[0\]\.Type: expected one of "bind", .*, got "nfs"/);
  bad({ HostConfig: { ConsoleSize: [1] } }, /ConsoleSize: expected a list of 2 values, got a list of 1/);
  bad({ HostConfig: { ConsoleSize: [1, -1] } }, /ConsoleSize\[1\]: expected an integer of at least 0, got -1/);
  bad({ Tty: 'yes' }, /Tty: expected true or false, got "yes"/);
  bad({ Labels: [] }, /Labels: expected an object, got an empty list/);
  bad([], /the request body: expected an object, got an empty list/);
  bad({ Image: { a: 1 } }, /Image: expected a string, got an object/);
  bad({ Image: 'x'.repeat(3), Tty: 'y'.repeat(1000) }, /got "y{70,76}…$/);
});

test('a required field that is missing is named', () => {
  assert.throws(() => parse(NetworkCreateRequest, {}), refused(/^invalid Name: it is required/));
  assert.throws(() => parse(NetworkCreateRequest, null), refused(/^invalid Name: it is required/));
});

test('a key that would change a prototype is refused', () => {
  for (const text of [
    '{"__proto__":{"Tty":true}}',
    '{"Labels":{"__proto__":"x"}}',
    '{"HostConfig":{"__proto__":null}}',
  ]) {
    assert.throws(() => parseJson(ContainerCreateRequest, text), refused(/__proto__: this key is not allowed/), text);
  }
  const labels = parseJson(ContainerCreateRequest, '{"Labels":{"constructor":"x","toString":"y"}}').Labels;
  assert.deepEqual(Object.entries(labels ?? {}), [
    ['constructor', 'x'],
    ['toString', 'y'],
  ]);
  assert.equal(parseJson(ExecCreateRequest, '{"constructor":{"prototype":{}}}').constructor, Object);
  assert.throws(() => parseJson(json(), '{"a":[{"__proto__":1}]}'), refused(/__proto__/));
});

test('a value without a schema of its own may not nest without end', () => {
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  assert.ok(parseJson(json(), deep(60)));
  assert.throws(() => parseJson(dict(json()), `{"a":${deep(100_000)}}`), refused(/a: it nests deeper than 64 levels/));
});

test('unknown fields are dropped, and can be listed', () => {
  const value = { Image: 'a', Nope: 1, HostConfig: { 'a b': 2, Mounts: [{ Target: '/a', Flavour: 'x' }] } };
  assert.deepEqual(parse(ContainerCreateRequest, value), { Image: 'a', HostConfig: { Mounts: [{ Target: '/a' }] } });
  assert.deepEqual(unknownFields(ContainerCreateRequest, value), [
    'Nope',
    'HostConfig["a b"]',
    'HostConfig.Mounts[0].Flavour',
  ]);
});

test('what is not JSON says so', () => {
  assert.throws(() => parseJson(AuthConfig, '{'), refused(/^the request body is not JSON: /));
});

test('the value is copied', () => {
  const given = { Labels: { a: 'b' } };
  const taken = parse(ContainerCreateRequest, given);
  assert.notEqual(taken.Labels, given.Labels);
});

test('a response is judged to the letter', () => {
  const state = {
    Status: 'running',
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: 1,
    ExitCode: 0,
    Error: '',
    StartedAt: '2026-01-01T00:00:00.5Z',
    FinishedAt: '0001-01-01T00:00:00Z',
  };
  assert.equal(violation(ContainerState, state), undefined);
  assert.match(violation(ContainerState, { ...state, StartedAt: 'now' }) ?? '', /StartedAt: expected a time/);
  assert.equal(violation(ContainerState, { ...state, Error: null }), 'Error: expected a string, got null');
  assert.equal(violation(ContainerState, { ...state, status: 'x' }), 'status: unknown field');
});
