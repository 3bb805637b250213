import { readFileSync } from 'node:fs';
import { errnoCode, PouchError } from '@pouch/base';
import { checkValue, isPlainObject, parseText } from './setting-value.ts';
import { type Config, environmentName, findSetting, type Setting, SETTINGS } from './settings.ts';

export const DEFAULT_CONFIG_FILE = '/etc/pouch/config.json';

export type Command = 'run' | 'print-config' | 'validate' | 'tear-down' | 'help' | 'version';

export interface Invocation {
  readonly command: Command;
  readonly configFile: string;
  /** The user named the file, so it must be there. */
  readonly fileRequired: boolean;
  /** Text by setting; lists and maps may be given several times. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  '--print-config': 'print-config',
  '--validate': 'validate',
  '--tear-down': 'tear-down',
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
};

/** Read pouchd's command line. Throws `invalid-argument`. */
export function parseArguments(argv: readonly string[]): Invocation {
  const flags = new Map<string, string[]>();
  let command: Command = 'run';
  let configFile: string | undefined;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const named = COMMANDS[word];
    if (named) {
      command = named;
      continue;
    }
    const [flag, inline] = splitFlag(word);
    const next = (): string => {
      const value = inline ?? rest.shift();
      if (value === undefined) throw new PouchError('invalid-argument', `pouchd: ${word} needs a value`);
      return value;
    };
    if (flag === '--config-file') {
      configFile = next();
      continue;
    }
    const setting = settingOfFlag(flag, word);
    const value = setting.kind === 'boolean' ? (inline ?? 'true') : next();
    const several = setting.kind === 'list' || setting.kind === 'map';
    flags.set(setting.name, several ? [...(flags.get(setting.name) ?? []), value] : [value]);
  }
  return { command, configFile: configFile ?? DEFAULT_CONFIG_FILE, fileRequired: configFile !== undefined, flags };
}

function splitFlag(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function settingOfFlag(flag: string, word: string): Setting {
  const setting = flag.startsWith('--')
    ? findSetting(flag.slice(2))
    : (SETTINGS as readonly Setting[]).find(({ short }) => `-${short}` === flag);
  if (!setting)
    throw new PouchError('invalid-argument', `pouchd: unknown flag or argument '${word}' (see pouchd --help)`);
  return setting;
}

/**
 * The effective configuration: flags over environment over file over defaults. The same setting as a flag and in the
 * file is an error, so that nobody has to guess which one counts.
 */
export function loadConfig(invocation: Invocation, environment: NodeJS.ProcessEnv): Config {
  const file = readConfigFile(invocation.configFile, invocation.fileRequired);
  const doubled = [...invocation.flags.keys()].filter((name) => Object.hasOwn(file, name));
  if (doubled.length > 0) {
    throw new PouchError(
      'invalid-argument',
      `${doubled.map((name) => `'${name}'`).join(', ')}: set both as a flag and in ${invocation.configFile}; remove one of the two`,
    );
  }
  const config: Record<string, unknown> = {};
  for (const setting of SETTINGS as readonly Setting[]) {
    const { name } = setting;
    const flag = invocation.flags.get(name);
    const variable = environment[environmentName(name)];
    if (flag) config[name] = parseText(setting, flag.join(','), `--${name}`);
    else if (variable !== undefined) config[name] = parseText(setting, variable, environmentName(name));
    else if (Object.hasOwn(file, name)) config[name] = checkValue(setting, file[name], invocation.configFile);
    else config[name] = setting.default;
  }
  return config as Config;
}

function readConfigFile(path: string, required: boolean): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' && !required) return {};
    throw new PouchError('invalid-argument', `the configuration ${path} cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new PouchError('invalid-argument', `${path} is not valid JSON: ${String(error)}`, { cause: error });
  }
  if (!isPlainObject(value)) throw new PouchError('invalid-argument', `${path} must hold one JSON object`);
  const unknown = Object.keys(value).filter((name) => !findSetting(name));
  if (unknown.length > 0) {
    throw new PouchError(
      'invalid-argument',
      `${path}: unknown settings: ${unknown.join(', ')} (pouchd --help lists them all)`,
    );
  }
  return value;
}
