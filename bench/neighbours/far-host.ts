import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { exec, sleep } from '@pouch/base';

/** A host behind an uplink of a fixed rate in both directions, with iperf3 on two ports. */
export class FarHost implements AsyncDisposable {
  static readonly address = '198.51.100.66';
  readonly #name = `fh${process.pid}`;
  readonly #servers: ChildProcess[] = [];

  async start(rate: string): Promise<void> {
    const device = this.#name;
    const inside = ['netns', 'exec', this.#name];
    const bucket = ['root', 'tbf', 'rate', rate, 'burst', '64k', 'latency', '60ms'];
    await exec('ip', ['netns', 'add', this.#name]);
    await exec('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'near', 'netns', this.#name]);
    await exec('ip', ['addr', 'add', '198.51.100.65/28', 'dev', device]);
    await exec('ip', ['link', 'set', device, 'up']);
    await exec('ip', ['-n', this.#name, 'addr', 'add', `${FarHost.address}/28`, 'dev', 'near']);
    await exec('ip', ['-n', this.#name, 'link', 'set', 'near', 'up']);
    await exec('tc', ['qdisc', 'add', 'dev', device, ...bucket]);
    await exec('ip', [...inside, 'tc', 'qdisc', 'add', 'dev', 'near', ...bucket]);
    await this.refresh();
  }

  /** Servers that know of no client: one whose client was removed would turn the next one away. */
  async refresh(): Promise<void> {
    for (const server of this.#servers.splice(0)) await end(server);
    for (const port of ['5401', '5402']) {
      // Without a program in between, which would be killed in its place.
      const args = [`--net=/run/netns/${this.#name}`, 'iperf3', '-s', '-p', port];
      this.#servers.push(spawn('nsenter', args, { stdio: 'ignore' }));
    }
    await sleep(300);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await end(server);
    await exec('ip', ['link', 'delete', this.#name], { allowFailure: true });
    await exec('ip', ['netns', 'delete', this.#name], { allowFailure: true });
  }
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGKILL');
  await gone;
}
