import { type HostileCase, refused } from './hostile-case.ts';

const CREATE = 'POST /containers/create';
const JSON_TYPE = { 'Content-Type': 'application/json' };

function raw(name: string, body: string | Buffer, says: RegExp, status = 400): HostileCase {
  return refused(`JSON: ${name}`, CREATE, status, says, body, JSON_TYPE);
}

/** A wrong type for every kind of field. */
const wrong: readonly (readonly [string, object])[] = [
  ['Image', { Image: 7 }],
  ['Cmd', { Cmd: { a: 1 } }],
  ['Cmd[1]', { Cmd: ['sh', 7] }],
  ['Env', { Env: 'A=b' }],
  ['Labels', { Labels: ['a=b'] }],
  ['Labels.a', { Labels: { a: 7 } }],
  ['Tty', { Tty: 'yes' }],
  ['StopTimeout', { StopTimeout: '10' }],
  ['ExposedPorts', { ExposedPorts: ['80'] }],
  ['Healthcheck', { Healthcheck: 'true' }],
  ['Healthcheck.Interval', { Healthcheck: { Test: ['CMD', 'true'], Interval: '1s' } }],
  ['HostConfig', { HostConfig: [] }],
  ['HostConfig.Memory', { HostConfig: { Memory: '12m' } }],
  ['HostConfig.Memory', { HostConfig: { Memory: 1.5 } }],
  ['HostConfig.NanoCpus', { HostConfig: { NanoCpus: 1e300 } }],
  ['HostConfig.Binds', { HostConfig: { Binds: '/:/host' } }],
  ['HostConfig.Privileged', { HostConfig: { Privileged: 'true' } }],
  ['HostConfig.PortBindings', { HostConfig: { PortBindings: [80] } }],
  ['HostConfig.Mounts[0].Type', { HostConfig: { Mounts: [{ Type: 'nfs', Target: '/x' }] } }],
  ['HostConfig.RestartPolicy', { HostConfig: { RestartPolicy: 'always' } }],
  ['HostConfig.Sysctls', { HostConfig: { Sysctls: ['a=b'] } }],
  ['HostConfig.LogConfig.Config', { HostConfig: { LogConfig: { Type: 'json-file', Config: 7 } } }],
  ['NetworkingConfig', { NetworkingConfig: 7 }],
  ['NetworkingConfig.EndpointsConfig', { NetworkingConfig: { EndpointsConfig: [] } }],
];

export const JSON_CASES: readonly HostileCase[] = [
  raw('a brace that never closes', '{"Image":"busybox"', /JSON/),
  raw('nothing', '', /EOF|empty|body/),
  raw('null', 'null', /object, not null/),
  raw('a list', '[]', /expected an object/),
  raw('a string', '"busybox"', /expected an object/),
  raw('two values', '{"Image":"busybox"}{"Image":"busybox"}', /JSON/),
  raw('single quotes', `{'Image':'busybox'}`, /JSON/),
  raw('a comma too many', '{"Image":"busybox",}', /JSON/),
  raw('NaN', '{"HostConfig":{"Memory":NaN}}', /JSON/),
  raw(
    'a number beyond every range',
    '{"Image":"busybox","HostConfig":{"Memory":1e999}}',
    /HostConfig\.Memory: expected an integer/,
  ),
  raw(
    'an integer beyond 64 bits',
    '{"Image":"busybox","HostConfig":{"Memory":99999999999999999999}}',
    /HostConfig\.Memory/,
  ),
  raw('bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/),
  raw('UTF-16', Buffer.from('{"Image":"busybox"}', 'utf16le'), /JSON/),
  raw('100,000 levels', '['.repeat(100_000), /JSON|deep|object/),
  raw('100,000 levels that close', `{"Labels":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`, /Labels/),
  raw(
    'five megabytes',
    `{"Image":"busybox","Labels":{"a":"${'x'.repeat(5_000_000)}"}}`,
    /larger than the 4194304 bytes/,
    413,
  ),
  raw('__proto__', '{"Image":"busybox","__proto__":{"Tty":true}}', /__proto__: this key is not allowed/),
  raw('__proto__ as a label', '{"Image":"busybox","Labels":{"__proto__":"x"}}', /__proto__/),
  raw(
    '__proto__ in the host configuration',
    '{"Image":"busybox","HostConfig":{"__proto__":{"Privileged":true}}}',
    /__proto__/,
  ),
  raw('a key twice, the second bad', '{"Image":"busybox","Tty":true,"Tty":7}', /Tty: expected true or false, got 7/),
  ...wrong.map(([field, body]) =>
    refused(`JSON: a wrong type in ${field}`, CREATE, 400, literally(`invalid ${field}: expected`), body),
  ),
  refused('JSON: sent as a form', CREATE, 400, /Content-Type.*application\/json/, 'Image=busybox', {
    'Content-Type': 'application/x-www-form-urlencoded',
  }),
  refused('JSON: sent as XML', CREATE, 400, /Content-Type/, '<Image/>', { 'Content-Type': 'text/xml' }),
  refused('JSON: a type of 10,000 letters', CREATE, 400, /Content-Type/, '{}', {
    'Content-Type': `a/${'b'.repeat(10_000)}`,
  }),
  refused('JSON: no name for a network', 'POST /networks/create', 400, /Name/, {}),
  refused('JSON: exec without a command', 'POST /containers/victim/exec', 400, /[Cc]ommand|Cmd/, {}),
  refused('JSON: exec with a wrong type', 'POST /containers/victim/exec', 400, /Cmd/, { Cmd: { a: 1 } }),
];

function literally(text: string): RegExp {
  return new RegExp(text.replaceAll(/[.[\]]/g, String.raw`\$&`));
}
