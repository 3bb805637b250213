import { formatIp, parseIp } from '../ip-address.ts';

/** A container as name resolution sees it. */
export interface NamedSandbox {
  readonly sandboxId: string;
  /** The user's `--dns` servers, asked instead of the host's. */
  readonly dns: readonly string[];
  readonly endpoints: readonly NamedEndpoint[];
}

export interface NamedEndpoint {
  readonly networkId: string;
  readonly networkName: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** Names others on the network find it by; the first is its own in PTR answers. */
  readonly names: readonly string[];
  /** Names only it knows: alias → name of a container on the network. */
  readonly links: ReadonlyMap<string, string>;
  /** Whether names resolve on this network. */
  readonly resolves: boolean;
  /** Whether questions may leave the host on its behalf. */
  readonly external: boolean;
}

export interface NameMatch {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
}

/** Who has which name on which network. A client finds only names of networks it is on itself. */
export class NameTable {
  readonly #sandboxes = new Map<string, NamedSandbox>();
  /** Network id → lower-case name → endpoints. */
  readonly #names = new Map<string, Map<string, Set<NamedEndpoint>>>();
  /** Network id and address → sandbox. */
  readonly #addresses = new Map<string, { sandbox: NamedSandbox; endpoint: NamedEndpoint }>();

  set(sandbox: NamedSandbox): void {
    this.delete(sandbox.sandboxId);
    this.#sandboxes.set(sandbox.sandboxId, sandbox);
    for (const endpoint of sandbox.endpoints) {
      for (const key of addressKeys(endpoint)) this.#addresses.set(key, { sandbox, endpoint });
      const names = this.#names.get(endpoint.networkId) ?? new Map<string, Set<NamedEndpoint>>();
      this.#names.set(endpoint.networkId, names);
      for (const name of endpoint.names) {
        const key = name.toLowerCase();
        const owners = names.get(key) ?? new Set();
        owners.add(endpoint);
        names.set(key, owners);
      }
    }
  }

  delete(sandboxId: string): void {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (!sandbox) return;
    this.#sandboxes.delete(sandboxId);
    for (const endpoint of sandbox.endpoints) {
      for (const key of addressKeys(endpoint)) {
        if (this.#addresses.get(key)?.sandbox === sandbox) this.#addresses.delete(key);
      }
      const names = this.#names.get(endpoint.networkId);
      for (const name of endpoint.names) {
        const owners = names?.get(name.toLowerCase());
        owners?.delete(endpoint);
        if (owners?.size === 0) names?.delete(name.toLowerCase());
      }
      if (names?.size === 0) this.#names.delete(endpoint.networkId);
    }
  }

  /** The sandbox that has this address on this network. */
  client(networkId: string, address: string): NamedSandbox | undefined {
    return this.#addresses.get(`${networkId} ${address}`)?.sandbox;
  }

  /** Addresses behind a name, as this client may know them; undefined when it is no name of ours. */
  resolve(client: NamedSandbox, name: string): NameMatch | undefined {
    const key = name.toLowerCase().replace(/\.$/, '');
    const found = new Set<NamedEndpoint>();
    for (const endpoint of client.endpoints) {
      if (!endpoint.resolves) continue;
      const names = this.#names.get(endpoint.networkId);
      const suffix = `.${endpoint.networkName.toLowerCase()}`;
      const linked = endpoint.links.get(key)?.toLowerCase();
      const short = key.endsWith(suffix) ? key.slice(0, -suffix.length) : undefined;
      for (const wanted of [linked, key, short]) {
        if (wanted !== undefined) for (const owner of names?.get(wanted) ?? []) found.add(owner);
      }
    }
    if (found.size === 0) return undefined;
    const ipv4 = [...found].flatMap((endpoint) => endpoint.ipv4 ?? []);
    const ipv6 = [...found].flatMap((endpoint) => endpoint.ipv6 ?? []);
    return { ipv4, ipv6 };
  }

  /** The name behind a PTR question about a container that shares a network with the client. */
  reverse(client: NamedSandbox, question: string): string | undefined {
    const key = question.toLowerCase().replace(/\.$/, '');
    const address = addressOfReverse(key);
    if (address === undefined) return undefined;
    for (const { networkId, resolves } of client.endpoints) {
      const owner = resolves ? this.#addresses.get(`${networkId} ${address}`)?.endpoint : undefined;
      if (owner?.names[0] !== undefined) return `${owner.names[0]}.${owner.networkName}`;
    }
    return undefined;
  }
}

function addressKeys(endpoint: NamedEndpoint): string[] {
  return [endpoint.ipv4, endpoint.ipv6].flatMap((address) =>
    address === undefined ? [] : [`${endpoint.networkId} ${address}`],
  );
}

function addressOfReverse(name: string): string | undefined {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (v4) return v4.slice(1).toReversed().join('.');
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (!v6) return undefined;
  const digits = (v6[1] as string).replaceAll('.', '').split('').toReversed().join('');
  const address = (digits.match(/.{4}/g) ?? []).map((group) => group.replace(/^0{1,3}/, '')).join(':');
  const parsed = parseIp(address);
  return parsed && formatIp(parsed);
}
