import { errorMessage, exec, type Logger } from '@pouch/base';
import { nftList } from '@pouch/linux';

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

const COMMENT = 'pouch';
const TOOLS = [
  { command: 'iptables', family: 'ip' },
  { command: 'ip6tables', family: 'ip6' },
] as const;

/**
 * Others' packet filters. A packet must pass every table, so an accept in ours cannot outweigh a drop in another. Where
 * iptables' FORWARD chain drops by default (Docker sets it so), our bridges are let through by rules in DOCKER-USER, the
 * chain meant for that, or in FORWARD; each rule is marked and is taken away again. Any other firewall is left
 * alone, and named in a warning. An INPUT chain that drops is opened for our DNS, and for nothing else.
 */
export class ForeignFirewall {
  readonly #log: Logger;
  readonly #ownTable: string;
  readonly #mark: string;
  /** First and last port our DNS may listen on, as iptables writes a range. */
  readonly #dnsPorts: string;
  #warnings: string[] = [];
  #opened = new Set<string>();

  constructor(options: { readonly table: string; readonly dnsPorts: string }, dependencies: { readonly log: Logger }) {
    this.#ownTable = options.table;
    this.#mark = `${COMMENT}:${options.table}`;
    this.#dnsPorts = options.dnsPorts;
    this.#log = dependencies.log;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** Look at the host's filters and let these bridges through where we can. Never throws: what fails is a warning. */
  async open(bridges: readonly string[]): Promise<void> {
    this.#warnings = [];
    try {
      for (const chain of await droppingChains(this.#ownTable)) await this.#handle(chain, bridges);
    } catch (error) {
      this.#log.warn('cannot look at the host firewall', { error: errorMessage(error) });
    }
    for (const warning of this.#warnings) this.#log.warn(warning);
  }

  /** Take our rules for a bridge away. */
  async close(bridge: string): Promise<void> {
    for (const key of this.#opened) {
      const [command = '', chain = '', name] = key.split(' ');
      if (name !== bridge) continue;
      for (const rule of this.#rules(chain, bridge)) {
        await exec(command, ['-w', '-D', chain, ...rule], { allowFailure: true }).catch(() => undefined);
      }
      this.#opened.delete(key);
    }
  }

  async #handle(chain: Chain, bridges: readonly string[]): Promise<void> {
    const tool = TOOLS.find(({ family }) => family === chain.family);
    const isIptables = tool !== undefined && chain.table === 'filter' && ['FORWARD', 'INPUT'].includes(chain.name);
    if (!isIptables || !(await isInstalled(tool.command))) {
      this.#warnings.push(
        `The firewall chain ${chain.family} ${chain.table} ${chain.name} drops by default (hook ${chain.hook}): ` +
          (chain.hook === 'input'
            ? `let DNS (ports ${this.#dnsPorts}) from ${bridges.join(', ')} pass it, or names of containers do not resolve.`
            : `let packets from and to ${bridges.join(', ')} pass it, or containers cannot be reached.`),
      );
      return;
    }
    if (chain.name === 'INPUT') {
      for (const bridge of bridges) await this.#allow(tool.command, 'INPUT', bridge);
      return;
    }
    const user = await exec(tool.command, ['-w', '-n', '-L', 'DOCKER-USER'], { allowFailure: true });
    const target = user.code === 0 ? 'DOCKER-USER' : 'FORWARD';
    for (const bridge of bridges) await this.#allow(tool.command, target, bridge);
  }

  async #allow(command: string, chain: string, bridge: string): Promise<void> {
    for (const rule of this.#rules(chain, bridge)) {
      const there = await exec(command, ['-w', '-C', chain, ...rule], { allowFailure: true });
      if (there.code !== 0) await exec(command, ['-w', '-I', chain, '1', ...rule]);
    }
    this.#opened.add(`${command} ${chain} ${bridge}`);
  }

  /** Our own table decides about these packets; the other filter need only not drop them. */
  #rules(chain: string, bridge: string): string[][] {
    const tail = ['-m', 'comment', '--comment', this.#mark, '-j', 'ACCEPT'];
    if (chain === 'INPUT') {
      return ['udp', 'tcp'].map((protocol) => ['-i', bridge, '-p', protocol, '--dport', this.#dnsPorts, ...tail]);
    }
    return [
      ['-i', bridge, ...tail],
      ['-o', bridge, ...tail],
    ];
  }
}

/** Base chains of other tables that drop forwarded or incoming packets unless a rule lets them pass. */
async function droppingChains(ownTable: string): Promise<Chain[]> {
  const objects = (await nftList(['chains'])) ?? [];
  return objects
    .flatMap((object) => ('chain' in object ? [object['chain'] as Chain] : []))
    .filter((chain) => chain.policy === 'drop' && chain.table !== ownTable)
    .filter((chain) => chain.hook === 'forward' || chain.hook === 'input');
}

async function isInstalled(command: string): Promise<boolean> {
  const result = await exec(command, ['--version'], { allowFailure: true }).catch(() => undefined);
  return result?.code === 0;
}
