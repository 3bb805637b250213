/** Containers that can be made, and must be refused with a reason when they start. */
export interface StartCase {
  readonly name: string;
  readonly body: object;
  readonly says: RegExp;
}

const ATTRIBUTE = 'a'.repeat(60);

export const START_CASES: readonly StartCase[] = [
  {
    name: 'a device that is not there',
    body: {
      HostConfig: { Devices: [{ PathOnHost: '/dev/nosuch', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' }] },
    },
    says: /\/dev\/nosuch.*no such file/,
  },
  {
    name: 'a group that is not there',
    body: { HostConfig: { GroupAdd: ['a:b\n'] } },
    says: /unable to find group a:b/,
  },
  { name: 'a user that is not there', body: { User: 'nobody-here' }, says: /nobody-here/ },
  {
    name: 'an address outside the subnet',
    body: {
      HostConfig: { NetworkMode: 'hostile' },
      NetworkingConfig: { EndpointsConfig: { hostile: { IPAMConfig: { IPv4Address: '192.0.2.9' } } } },
    },
    says: /192\.0\.2\.9/,
  },
  { name: 'a command that is not there', body: { Cmd: ['nosuch'] }, says: /nosuch.*not found/ },
  {
    name: 'a network that is not there',
    body: { HostConfig: { NetworkMode: 'nosuch' } },
    says: /network nosuch not found/,
  },
  {
    name: 'a working directory that is a file',
    body: { WorkingDir: '/etc/passwd' },
    says: /\/etc\/passwd is not a directory/,
  },
  {
    name: 'a kernel parameter that is not there',
    body: { HostConfig: { Sysctls: { 'net.ipv4.nonsense': '1' } } },
    says: /no parameter net\.ipv4\.nonsense/,
  },
  {
    name: 'a kernel parameter with a value that is none',
    body: { HostConfig: { Sysctls: { 'net.ipv4.ip_forward': 'abc' } } },
    says: /ip_forward: invalid argument/,
  },
  {
    name: 'a regular expression without end',
    body: {
      Labels: { [`${ATTRIBUTE}!`]: 'x' },
      HostConfig: { LogConfig: { Type: 'json-file', Config: { 'labels-regex': '^(a+)+$' } } },
    },
    says: /regular expression.*simpler/,
  },
  {
    name: 'a mount through a link out of the volume',
    body: {
      HostConfig: { Mounts: [{ Type: 'volume', Source: 'planted', Target: '/x', VolumeOptions: { Subpath: 'out' } }] },
    },
    says: /cannot access path out inside the volume/,
  },
];
