import { environmentName, type Setting, SETTINGS } from './settings.ts';

const OTHERS: readonly (readonly [string, string])[] = [
  ['--config-file PATH', 'The configuration. Default: /etc/pouch/config.json, if it is there.'],
  ['--print-config', 'Print the effective configuration as JSON and end.'],
  ['--validate', 'Check flags, environment and file, and end.'],
  [
    '--tear-down',
    'End all containers, containerd and networks of a stopped daemon, and end. Images, volumes and records stay.',
  ],
  ['-v, --version', 'Print the version and end.'],
  ['-h, --help', 'Print this and end.'],
];

/** What `pouchd --help` prints: made from the table of settings. */
export function helpText(): string {
  const settings = (SETTINGS as readonly Setting[]).map((setting) => [flagText(setting), setting.description] as const);
  const lines = [...settings, ...OTHERS].map(([flag, text]) => `  ${flag}\n${wrap(text, 72, '      ')}`);
  return `Usage: pouchd [flags]

Pouch's daemon: containers, images, networks and volumes behind Docker's API.
Each flag is also a setting in the configuration file and a variable in the
environment: --log-level debug, {"log-level": "debug"}, ${environmentName('log-level')}=debug.

Flags:
${lines.join('\n')}
`;
}

function flagText({ name, kind, short }: Setting): string {
  const value = { string: ' TEXT', boolean: '', integer: ' N', list: ' A,B', map: ' K=V', json: ' JSON' }[kind];
  return `${short ? `-${short}, ` : ''}--${name}${value}`;
}

function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + word.length + 1 > width) {
      lines.push(line);
      line = '';
    }
    line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].map((each) => indent + each).join('\n');
}
