import { createOneOff, type Service } from '@pouch/compose';
import { command } from '../../app/command.ts';
import { openSession } from '../../compose/open-session.ts';
import { bool, list, str } from '../../flags/types.ts';
import { readEnvironment } from '../../run/environment.ts';
import { parsePortFlags, parseVolumeFlags } from '../../compose/run-flags.ts';
import { runAttached } from '../../run/run-container.ts';
import { detachKeysOf } from '../../stream/detach-setting.ts';
import { stdinIsTerminal } from '../../stream/terminal.ts';

const flags = {
  build: bool('Build the image before'),
  'cap-add': list('Give it a capability'),
  'cap-drop': list('Take a capability'),
  detach: bool('Leave it in the background and print its name', { short: 'd' }),
  entrypoint: str('Program to run instead of the image’s'),
  env: list('Set a variable: NAME=value, or NAME to pass yours on', { short: 'e' }),
  'env-from-file': list('Read variables from a file', { complete: 'file' }),
  interactive: bool('Send it your input', { short: 'i', default: true }),
  label: list('Put a label on it: name=value', { short: 'l' }),
  name: str('Name of the container'),
  'no-TTY': bool('Give it no terminal', { short: 'T' }),
  'no-deps': bool('Do not start what the service depends on'),
  publish: list('Publish a port', { short: 'p' }),
  pull: str('When to pull images', { values: ['always', 'missing', 'never'] }),
  quiet: bool('Show no progress', { short: 'q' }),
  'quiet-pull': bool('Show no progress of pulls'),
  'remove-orphans': bool('Remove containers of services that the files do not have'),
  rm: bool('Remove it when it ends'),
  'service-ports': bool('Publish the ports of the service', { short: 'P' }),
  'use-aliases': bool('Answer to the names of the service in its networks'),
  user: str('User to run as', { short: 'u' }),
  volume: list('Mount a volume or a directory', { short: 'v' }),
  workdir: str('Directory to start in', { short: 'w' }),
};

export default command({
  usage: '[OPTIONS] SERVICE [COMMAND] [ARG...]',
  args: { min: 1 },
  interspersed: false,
  description: 'It has the configuration of the service, without its ports and its name in the networks.',
  examples: [{ command: 'pouch compose run --rm web npm test', does: 'the tests, with the database running' }],
  flags,
  async run(context, values, [name = '', ...words]) {
    const tty = !values['no-TTY'] && !values.detach && stdinIsTerminal() && context.stdout.isTerminal;
    const stdin = values.interactive && !values.detach;
    const environment: Record<string, string | null> = {};
    for (const text of readEnvironment(values['env-from-file'], values.env)) {
      const at = text.indexOf('=');
      environment[at < 0 ? text : text.slice(0, at)] = at < 0 ? null : text.slice(at + 1);
    }
    const ports = parsePortFlags(values.publish);
    const change = (service: Service): Service => {
      const { container_name: _, ...rest } = service;
      return {
        ...rest,
        tty,
        stdin_open: stdin,
        environment: { ...service.environment, ...environment },
        labels: {
          ...service.labels,
          ...Object.fromEntries(
            values.label.map((text) => [text.split('=')[0] ?? text, text.split('=').slice(1).join('=')]),
          ),
        },
        ports: values['service-ports'] ? [...(service.ports ?? []), ...ports] : ports,
        volumes: [...(service.volumes ?? []), ...parseVolumeFlags(values.volume)],
        ...(words.length > 0 && { command: words }),
        ...(values.entrypoint && {
          entrypoint: values.entrypoint.split(' '),
          ...(words.length === 0 && { command: [] }),
        }),
        ...(values.user && { user: values.user }),
        ...(values.workdir && { working_dir: values.workdir }),
        ...(values['cap-add'].length > 0 && { cap_add: [...(service.cap_add ?? []), ...values['cap-add']] }),
        ...(values['cap-drop'].length > 0 && { cap_drop: [...(service.cap_drop ?? []), ...values['cap-drop']] }),
      };
    };
    const session = await openSession(context, { title: 'Running', services: [name], quiet: values.quiet });
    let created: { readonly id: string; readonly name: string };
    try {
      created = await createOneOff(session, {
        service: name,
        change,
        images: { build: values.build, quiet: values['quiet-pull'], ...(values.pull && { pull: values.pull }) },
        dependencies: !values['no-deps'],
        publish: true,
        aliases: values['use-aliases'],
        autoRemove: values.rm,
        removeOrphans: values['remove-orphans'],
        ...(values.name && { name: values.name }),
      });
    } finally {
      session[Symbol.dispose]();
    }
    if (values.detach) {
      await context.client.containers.start(created.id);
      context.print(created.name);
      return 0;
    }
    return await runAttached(context, created.id, {
      config: {
        AttachStdin: stdin,
        AttachStdout: true,
        AttachStderr: true,
        Tty: tty,
        HostConfig: { AutoRemove: values.rm },
      },
      detachKeys: detachKeysOf(context, '').bytes,
      detachKeysText: '',
      signalProxy: true,
    });
  },
});
