import { type HostileCase, LONG, refused } from './hostile-case.ts';

function network(name: string, fields: object, says: RegExp, status = 400): HostileCase {
  return refused(`network: ${name}`, 'POST /networks/create', status, says, {
    Name: name.replaceAll(/\W+/g, '-'),
    ...fields,
  });
}

const ipam = (...Config: object[]): object => ({ IPAM: { Config } });

/** Networks and what is asked of them; `hostile` is 10.213.7.0/24. */
export const NETWORK_CASES: readonly HostileCase[] = [
  network('a name that is a path', { Name: '../x' }, /name/i),
  network('a name with a newline', { Name: 'a\nb' }, /name/i),
  network('a name of 300 letters', { Name: LONG }, /name/i),
  network('no name', { Name: '' }, /name|Name/),
  network('unicode', { Name: 'größe' }, /name/i),
  network('the name of a built-in one', { Name: 'host' }, /host/, 403),
  network('a taken name', { Name: 'hostile' }, /already exists/, 409),
  network('a driver that is not there', { Driver: 'nosuch' }, /nosuch/, 404),
  network('a prefix of 33', ipam({ Subnet: '10.9.0.0/33' }), /10\.9\.0\.0\/33/),
  network('a prefix below 0', ipam({ Subnet: '10.9.0.0/-1' }), /10\.9\.0\.0\/-1/),
  network('a subnet that is none', ipam({ Subnet: 'nope' }), /nope/),
  network('a subnet with host bits', ipam({ Subnet: '10.9.0.7/24' }), /10\.9\.0\.7\/24|10\.9\.0\.0/),
  network('a subnet of one address', ipam({ Subnet: '10.9.0.0/32' }), /10\.9\.0\.0\/32|small/),
  network('a subnet in octal', ipam({ Subnet: '010.09.0.0/24' }), /010\.09/),
  network('everything', ipam({ Subnet: '0.0.0.0/0' }), /0\.0\.0\.0\/0/),
  network('loopback', ipam({ Subnet: '127.0.0.0/8' }), /127\.0\.0\.0\/8/),
  network('multicast', ipam({ Subnet: '224.0.0.0/24' }), /224\.0\.0\.0/),
  network('an overlap', ipam({ Subnet: '10.213.0.0/16' }), /overlap/i, 403),
  network('an overlap within', ipam({ Subnet: '10.213.7.64/26' }), /overlap/i, 403),
  network('an overlap with itself', ipam({ Subnet: '10.9.0.0/24' }, { Subnet: '10.9.0.128/25' }), /overlap/i, 403),
  network('a gateway outside', ipam({ Subnet: '10.9.0.0/24', Gateway: '10.8.0.1' }), /10\.8\.0\.1/),
  network('a gateway that is none', ipam({ Subnet: '10.9.0.0/24', Gateway: 'nope' }), /nope/),
  network('the broadcast address as gateway', ipam({ Subnet: '10.9.0.0/24', Gateway: '10.9.0.255' }), /10\.9\.0\.255/),
  network('a range outside', ipam({ Subnet: '10.9.0.0/24', IPRange: '10.8.0.0/25' }), /10\.8\.0\.0/),
  network('IPv6 with a prefix of 129', { EnableIPv6: true, ...ipam({ Subnet: 'fd00::/129' }) }, /fd00::\/129/),
  network(
    'an auxiliary address outside',
    ipam({ Subnet: '10.9.0.0/24', AuxiliaryAddresses: { a: '10.8.0.1' } }),
    /10\.8\.0\.1/,
  ),
  network('a bridge name that is a path', { Options: { 'com.docker.network.bridge.name': '../x' } }, /\.\.\/x|bridge/),
  network(
    'a bridge name of 40 letters',
    { Options: { 'com.docker.network.bridge.name': 'b'.repeat(40) } },
    /bridge|name/,
  ),
  network('an MTU that is none', { Options: { 'com.docker.network.driver.mtu': 'big' } }, /mtu|MTU/),
  network('an MTU below the least', { Options: { 'com.docker.network.driver.mtu': '1' } }, /mtu|MTU/),
  network('an MTU above the most', { Options: { 'com.docker.network.driver.mtu': '99999999' } }, /mtu|MTU/),
  network('a parent that is not there', { Driver: 'macvlan', Options: { parent: 'nosuch0' } }, /nosuch0/),
  network('a parent with an option in it', { Driver: 'macvlan', Options: { parent: '-batch /etc/x' } }, /parent|batch/),
  network('an unknown IPAM driver', { IPAM: { Driver: 'nosuch' } }, /nosuch/, 404),
  refused('connect: an address outside the subnet', 'POST /networks/hostile/connect', 400, /192\.0\.2\.9/, {
    Container: 'victim',
    EndpointConfig: { IPAMConfig: { IPv4Address: '192.0.2.9' } },
  }),
  refused('connect: the gateway’s address', 'POST /networks/hostile/connect', 409, /address already in use/i, {
    Container: 'victim',
    EndpointConfig: { IPAMConfig: { IPv4Address: '10.213.7.1' } },
  }),
  refused('connect: the network’s own address', 'POST /networks/hostile/connect', 400, /10\.213\.7\.0/, {
    Container: 'victim',
    EndpointConfig: { IPAMConfig: { IPv4Address: '10.213.7.0' } },
  }),
  refused('connect: an address that is none', 'POST /networks/hostile/connect', 400, /10\.213\.7\.999/, {
    Container: 'victim',
    EndpointConfig: { IPAMConfig: { IPv4Address: '10.213.7.999' } },
  }),
  refused('connect: a MAC address that is none', 'POST /networks/hostile/connect', 400, /MAC/i, {
    Container: 'victim',
    EndpointConfig: { MacAddress: '-f /etc/passwd' },
  }),
  refused('connect: an alias with a newline', 'POST /networks/hostile/connect', 400, /alias/i, {
    Container: 'victim',
    EndpointConfig: { Aliases: ['a\nb'] },
  }),
  refused('connect: nobody', 'POST /networks/hostile/connect', 404, /nosuch/, { Container: 'nosuch' }),
  refused('connect: nothing', 'POST /networks/hostile/connect', 400, /[Cc]ontainer/, {}),
  refused('connect: to the host’s network', 'POST /networks/host/connect', 403, /host/, { Container: 'victim' }),
  refused('disconnect: who is not connected', 'POST /networks/hostile/disconnect', 403, /victim|not connected/, {
    Container: 'victim',
  }),
  refused('remove: a built-in network', 'DELETE /networks/bridge', 403, /bridge/),
];
