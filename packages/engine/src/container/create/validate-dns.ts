import { isIP } from 'node:net';
import type { HostConfig } from '@pouch/api';
import { invalid } from './invalid.ts';

const SEARCH_DOMAIN =
  /^(?:[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.)*[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?\.?$/;

/** Check what goes into resolv.conf and hosts: a line break there would be another entry. */
export function validateDns(hostConfig: HostConfig): void {
  for (const address of hostConfig.Dns ?? []) {
    if (isIP(address) === 0) throw invalid(`bad format of DNS server address: ${address}`);
  }
  for (const domain of hostConfig.DnsSearch ?? []) {
    if (domain !== '.' && !SEARCH_DOMAIN.test(domain)) throw invalid(`invalid DNS search domain: ${domain}`);
  }
  for (const option of hostConfig.DnsOptions ?? []) {
    if (!/^[\w:-]+$/.test(option)) throw invalid(`invalid DNS option: ${option}`);
  }
  for (const entry of hostConfig.ExtraHosts ?? []) validateExtraHost(entry);
}

/** `name:address` or `name=address`; the address may be `host-gateway`. */
function validateExtraHost(entry: string): void {
  const [, name, address] = /^([^:=\s]+)[:=](.+)$/.exec(entry) ?? [];
  if (!name || !address) throw invalid(`bad format for add-host: "${entry}"`);
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  if (address !== 'host-gateway' && isIP(bare) === 0) throw invalid(`invalid IP address in add-host: "${address}"`);
}
