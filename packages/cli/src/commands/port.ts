import { PouchError } from '@pouch/base';
import { command } from '../app/command.ts';

export default command({
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  args: { min: 1, max: 2 },
  examples: [
    { command: 'pouch port web', does: 'all of them' },
    { command: 'pouch port web 80/tcp', does: 'where port 80 is' },
  ],
  complete: ['running-container', 'none'],
  flags: {},
  async run(context, _flags, [id = '', port]) {
    const found = await context.client.containers.inspect(id);
    const ports = found.NetworkSettings.Ports ?? {};
    const address = (binding: { HostIp?: string; HostPort?: string }): string => {
      const ip = binding.HostIp ?? '';
      return `${ip.includes(':') ? `[${ip}]` : ip}:${binding.HostPort ?? ''}`;
    };
    if (port !== undefined) {
      const key = port.includes('/') ? port : `${port}/tcp`;
      const bindings = ports[key];
      if (!bindings) throw new PouchError('not-found', `no public port '${key}' published for ${id}`);
      for (const binding of bindings) context.print(address(binding));
      return;
    }
    const names = Object.keys(ports).toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    for (const name of names) {
      for (const binding of ports[name] ?? []) context.print(`${name} -> ${address(binding)}`);
    }
  },
});
