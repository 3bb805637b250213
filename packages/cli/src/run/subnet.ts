import { BlockList, isIP } from 'node:net';

/** Whether a subnet such as 10.9.0.0/24 holds an address. What is neither holds nothing. */
export function containsAddress(subnet: string, address: string): boolean {
  const [network = '', bits = ''] = subnet.split('/');
  const family = isIP(network);
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return false;
  }
  const block = new BlockList();
  const name = family === 4 ? 'ipv4' : 'ipv6';
  block.addSubnet(network, Number(bits), name);
  return block.check(address, name);
}
