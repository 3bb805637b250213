import { imageOf, projectConfig, selectServices, serviceHash, writeYaml } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { UsageError } from '../../app/errors.ts';
import { loadFrom } from '../../compose/open-session.ts';
import { bool, str } from '../../flags/types.ts';

export default command({
  usage: '[OPTIONS] [SERVICE...]',
  args: { min: 0 },
  description: 'Variables are filled in, files merged, and every field is in its long syntax.',
  examples: [
    { command: 'pouch compose config -q', does: 'only check; faults are told with file, line and column' },
    { command: 'pouch compose -f a.yaml -f b.yaml config', does: 'two files as one' },
  ],
  flags: {
    environment: bool('Print the variables that files are filled in from'),
    format: str('yaml or json', { values: ['yaml', 'json'], default: 'yaml' }),
    hash: str("Print the hash of services: names with commas, or '*'"),
    images: bool('Print the names of images'),
    networks: bool('Print the names of networks'),
    'no-interpolate': bool('Leave variables as they are written'),
    output: str('Write to a file', { short: 'o', complete: 'file' }),
    profiles: bool('Print the names of profiles'),
    quiet: bool('Only check', { short: 'q' }),
    services: bool('Print the names of services'),
    volumes: bool('Print the names of volumes'),
  },
  async run(context, flags, names) {
    const loaded = loadFrom(context, names, { noInterpolation: flags['no-interpolate'] });
    const selected = selectServices(loaded, names, { dependencies: true });
    const project = { ...loaded, services: new Map(selected.map((service) => [service.name, service])) };
    if (flags.quiet) return;
    const lines = (items: Iterable<string>): void => {
      for (const item of items) context.print(item);
    };
    const services = [...project.services.values()];
    if (flags.services) return lines(services.map(({ name }) => name));
    if (flags.volumes) return lines(project.volumes.keys());
    if (flags.networks) {
      const used = new Set(services.flatMap((service) => Object.keys(service.networks)));
      return lines([...project.networks.keys()].filter((key) => used.has(key)));
    }
    if (flags.images) return lines(services.map((service) => imageOf(project, service)));
    if (flags.environment) return lines([...project.variables].map(([name, value]) => `${name}=${value}`).toSorted());
    if (flags.profiles) {
      const all = [...project.services.values(), ...project.disabled.values()];
      return lines([...new Set(all.flatMap(({ profiles = [] }) => profiles))].toSorted());
    }
    if (flags.hash !== '') {
      const wanted = flags.hash === '*' ? [...project.services.keys()].toSorted() : flags.hash.split(',');
      for (const name of wanted) {
        const service = project.services.get(name);
        if (!service) throw new UsageError(`no such service: ${name}`);
        context.print(`${name} ${serviceHash(project, service)}`);
      }
      return;
    }
    const config = projectConfig(project, flags['no-interpolate']);
    const text = flags.format === 'json' ? `${JSON.stringify(config, null, 2)}\n` : writeYaml(config);
    if (flags.output === '') context.stdout.write(text);
    else {
      const { writeFile } = await import('node:fs/promises');
      await writeFile(flags.output, text);
    }
  },
});
