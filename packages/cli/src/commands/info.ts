import type { SystemInfo } from '@pouch/api';
import { command } from '../app/command.ts';
import { CLIENT_VERSION } from '../app/version.ts';
import { format } from '../flags/types.ts';
import { binarySize } from '../output/human.ts';

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch info', does: 'the daemon and its host' },
    { command: "pouch info -f '{{.Driver}} {{.CgroupVersion}}'", does: 'single facts' },
  ],
  complete: 'none',
  flags: { format: format({ short: 'f', help: "Print with a Go template, or 'json'" }) },
  async run(context, flags) {
    const info = await context.client.system.info();
    if (flags.format !== '') {
      const { printTemplate } = await import('../output/object.ts');
      printTemplate(context, flags.format, { ...info, ClientInfo: { Version: CLIENT_VERSION } });
      return;
    }
    context.stdout.write(infoText(info));
    for (const warning of info.Warnings ?? []) context.warn(warning);
  },
});

type Line = readonly [string, string | number | undefined];

function infoText(info: SystemInfo): string {
  const lines = [
    'Client: Pouch',
    ` Version:    ${CLIENT_VERSION}`,
    '',
    'Server:',
    ...block([
      ['Containers', info.Containers],
      [' Running', info.ContainersRunning],
      [' Paused', info.ContainersPaused],
      [' Stopped', info.ContainersStopped],
      ['Images', info.Images],
      ['Server Version', info.ServerVersion],
      ['Storage Driver', info.Driver],
      ...(info.DriverStatus ?? []).map(([name, value]): Line => [` ${name}`, value]),
      ['Logging Driver', info.LoggingDriver],
      ['Cgroup Driver', info.CgroupDriver],
      ['Cgroup Version', info.CgroupVersion],
    ]),
    ' Plugins:',
    ...block([
      [' Volume', (info.Plugins.Volume ?? []).join(' ')],
      [' Network', (info.Plugins.Network ?? []).join(' ')],
      [' Log', (info.Plugins.Log ?? []).join(' ')],
    ]),
    ...block([
      [
        'Runtimes',
        Object.keys(info.Runtimes ?? {})
          .toSorted()
          .join(' '),
      ],
      ['Default Runtime', info.DefaultRuntime],
      ['Init Binary', info.InitBinary],
      ['containerd version', info.ContainerdCommit?.ID],
      ['runc version', info.RuncCommit?.ID],
      ['init version', info.InitCommit?.ID],
    ]),
    ...securityLines(info.SecurityOptions ?? []),
    ...block([
      ['Kernel Version', info.KernelVersion],
      ['Operating System', info.OperatingSystem],
      ['OSType', info.OSType],
      ['Architecture', info.Architecture],
      ['CPUs', info.NCPU],
      ['Total Memory', binarySize(info.MemTotal)],
      ['Name', info.Name],
      ['ID', info.ID],
      ['Pouch Root Dir', info.DockerRootDir],
      ['Debug Mode', String(info.Debug)],
      ['HTTP Proxy', info.HttpProxy],
      ['HTTPS Proxy', info.HttpsProxy],
      ['No Proxy', info.NoProxy],
      ['Experimental', String(info.ExperimentalBuild)],
    ]),
    ...listLines('Labels', info.Labels),
    ...listLines('Insecure Registries', insecureRegistries(info)),
    ...listLines('Registry Mirrors', info.RegistryConfig?.Mirrors ?? []),
    ...listLines(
      'Features',
      info.Features?.map(({ Name, Available, Detail }) => `${Name}: ${Available ? '' : 'no: '}${Detail}`),
    ),
    ...block([['Live Restore Enabled', String(info.LiveRestoreEnabled)]]),
  ];
  return `${lines.join('\n')}\n`;
}

function block(lines: readonly Line[]): string[] {
  return lines.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => ` ${name}: ${value}`);
}

function listLines(title: string, items: readonly string[] | null | undefined): string[] {
  return items && items.length > 0 ? [` ${title}:`, ...items.map((item) => `  ${item}`)] : [];
}

/** `name=seccomp,profile=builtin` as a line and what belongs to it. */
function securityLines(options: readonly string[]): string[] {
  if (options.length === 0) return [];
  const lines = options.flatMap((option) => {
    const [name = '', ...more] = option.split(',');
    return [`  ${name.replace(/^name=/, '')}`, ...more.map((part) => `   ${part.replace('=', ': ')}`)];
  });
  return [' Security Options:', ...lines];
}

function insecureRegistries(info: SystemInfo): readonly string[] {
  const config = info.RegistryConfig;
  const named = Object.values(config?.IndexConfigs ?? {}).filter((index) => !index.Secure);
  return [...named.map((index) => index.Name), ...(config?.InsecureRegistryCIDRs ?? [])];
}
