import type { SystemVersion } from '@pouch/api';
import { command } from '../app/command.ts';
import { ExitError } from '../app/errors.ts';
import { CLIENT_VERSION } from '../app/version.ts';
import { format } from '../flags/types.ts';

const LABEL_WIDTH = 18;

export default command({
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  examples: [
    { command: 'pouch version', does: 'client and daemon' },
    { command: "pouch version --format '{{.Server.Version}}'", does: "only the daemon's version" },
  ],
  complete: 'none',
  flags: { format: format({ short: 'f', help: "Print with a Go template, or 'json'" }) },
  async run(context, flags) {
    let server: SystemVersion | undefined;
    let failure: unknown;
    try {
      server = await context.client.system.version();
    } catch (error) {
      failure = error;
    }
    const client = clientVersion(context.client.transport.apiVersion);
    if (flags.format === '') context.stdout.write(versionText(client, server));
    else {
      const { printTemplate } = await import('../output/object.ts');
      printTemplate(context, flags.format, { Client: client, Server: server ?? null });
    }
    if (failure) throw failure instanceof Error ? failure : new ExitError(1, String(failure));
  },
});

interface ClientVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly Runtime: string;
  readonly Os: string;
  readonly Arch: string;
}

function clientVersion(apiVersion: string): ClientVersion {
  const bun = process.versions['bun'];
  const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
  return {
    Version: CLIENT_VERSION,
    ApiVersion: apiVersion,
    Runtime: bun === undefined ? `Node.js ${process.versions.node}` : `Bun ${bun}`,
    Os: process.platform,
    Arch: architectures[process.arch] ?? process.arch,
  };
}

function versionText(client: ClientVersion, server: SystemVersion | undefined): string {
  const lines = [
    'Client: Pouch',
    line(1, 'Version', client.Version),
    line(1, 'API version', client.ApiVersion),
    line(1, 'Runtime', client.Runtime),
    line(1, 'OS/Arch', `${client.Os}/${client.Arch}`),
  ];
  if (server) {
    lines.push('', `Server: ${server.Platform?.Name || 'Pouch'}`);
    for (const component of server.Components ?? []) lines.push(...componentLines(component, server));
  }
  return `${lines.join('\n')}\n`;
}

function componentLines(component: SystemVersion['Components'][number], server: SystemVersion): string[] {
  const details = component.Details ?? {};
  const lines = [` ${component.Name}:`, line(2, 'Version', component.Version)];
  if (component.Name !== 'Engine') {
    return [...lines, ...Object.entries(details).map(([name, value]) => line(2, name, value))];
  }
  lines.push(line(2, 'API version', `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`));
  const known: readonly (readonly [string, string | undefined])[] = [
    ['Go version', details['GoVersion'] ?? server.GoVersion],
    ['Git commit', details['GitCommit'] ?? server.GitCommit],
    ['Built', details['BuildTime'] ?? server.BuildTime],
    ['OS/Arch', `${server.Os}/${server.Arch}`],
    ['Kernel', details['KernelVersion'] ?? server.KernelVersion],
  ];
  return [...lines, ...known.filter(([, value]) => value).map(([name, value]) => line(2, name, value as string))];
}

function line(indent: number, label: string, value: string): string {
  return `${' '.repeat(indent)}${`${label}:`.padEnd(LABEL_WIDTH + 1 - indent)} ${value}`;
}
