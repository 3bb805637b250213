import { type Setting, SETTINGS } from '@pouch/pouchd';
import { cell, code, generatedFrom, page, table } from './markdown.ts';

const KIND_TEXT: Readonly<Record<Setting['kind'], string>> = {
  string: 'text',
  boolean: 'true or false',
  integer: 'whole number',
  list: 'list',
  map: 'map',
  json: 'JSON',
};

/** Every setting of pouchd, from the one table of settings. */
export function configurationPage(): string {
  const settings: readonly Setting[] = SETTINGS;
  return page(
    generatedFrom('packages/pouchd/src/config/settings.ts'),
    '# The configuration of pouchd',
    'Each setting has one name in three places: `{"log-level": "debug"}` in the file, `--log-level debug` as a flag and `POUCHD_LOG_LEVEL=debug` in the environment. The file is `/etc/pouch/config.json`, or the one that `--config-file` names. To give a setting both in the file and as a flag is an error. `pouchd --print-config` prints what is in force, and `pouchd --validate` checks it without starting.',
    'Lists are written `a,b` as a flag and in the environment, or the flag is given several times; maps are written `key=value`. Settings marked *reload* are taken over when the daemon gets SIGHUP.',
    table(
      ['Setting', 'Type', 'Default', 'What it does'],
      settings.map((setting) => [
        code(setting.name) + (setting.short === undefined ? '' : ` (${code(`-${setting.short}`)})`),
        KIND_TEXT[setting.kind],
        defaultText(setting),
        cell(
          setting.description +
            (setting.choices ? ` One of: ${setting.choices.map((choice) => choice || 'empty').join(', ')}.` : ''),
        ) + (setting.reloadable ? ' *reload*' : ''),
      ]),
    ),
  );
}

function defaultText({ default: value }: Setting): string {
  if (value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)) return '';
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}
