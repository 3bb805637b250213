import { posix } from 'node:path';
import { PouchError, parseDuration } from '@pouch/base';
import type { HealthcheckConfig, ImageRunConfig } from '@pouch/oci';
import { type Environment, type EscapeCharacter, expandWord, splitWords } from './dockerfile-words.ts';
import { quoted } from './go-quote.ts';

const SHELL = ['/bin/sh', '-c'];
/** One port range in EXPOSE never needs more; 65,535 keys per word would be a way to fill the memory. */
const PORT_RANGE_LIMIT = 65_535;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A configuration that instructions are applied to, one after the other. */
export interface ConfigEdit {
  readonly config: Mutable<ImageRunConfig>;
  /** CMD was given among these changes, so that ENTRYPOINT keeps it. */
  commandSet: boolean;
  /** The escape character of the Dockerfile; a backslash where absent. */
  readonly escape?: EscapeCharacter;
  /** Build arguments: what instructions may refer to beside the environment, which wins. */
  readonly variables?: Environment;
}
type Edit = ConfigEdit;
/** Returns what the history says of it. */
type Instruction = (edit: Edit, text: string) => string;

const INSTRUCTIONS: Readonly<Record<string, Instruction>> = {
  CMD: (edit, text) => {
    edit.config.Cmd = commandOf(edit, text);
    edit.commandSet = true;
    return `CMD ${quoted(edit.config.Cmd)}`;
  },
  ENTRYPOINT: (edit, text) => {
    edit.config.Entrypoint = commandOf(edit, text);
    if (!edit.commandSet) delete edit.config.Cmd;
    return `ENTRYPOINT ${quoted(edit.config.Entrypoint)}`;
  },
  ENV: (edit, text) => {
    const variables = pairs(edit, text, 'ENV');
    for (const [name, value] of variables) edit.config.Env = withVariable(edit.config.Env ?? [], name, value);
    return `ENV ${joined(variables)}`;
  },
  LABEL: (edit, text) => {
    const labels = pairs(edit, text, 'LABEL');
    edit.config.Labels = { ...edit.config.Labels, ...Object.fromEntries(labels) };
    return `LABEL ${joined(labels)}`;
  },
  EXPOSE: (edit, text) => {
    const words = splitWords(text, edit.escape).flatMap((word) => splitWords(expand(edit, word)));
    if (words.length === 0) throw invalid('EXPOSE requires at least one argument');
    const ports = { ...edit.config.ExposedPorts };
    for (const word of words) for (const port of portsOf(word)) ports[port] = {};
    edit.config.ExposedPorts = ports;
    return `EXPOSE ${words.join(' ')}`;
  },
  USER: (edit, text) => {
    edit.config.User = single(edit, text, 'USER');
    return `USER ${edit.config.User}`;
  },
  WORKDIR: (edit, text) => {
    const path = expand(edit, text.trim());
    if (path === '') throw invalid('WORKDIR requires exactly one argument');
    edit.config.WorkingDir = posix.resolve('/', edit.config.WorkingDir ?? '', path);
    return `WORKDIR ${edit.config.WorkingDir}`;
  },
  VOLUME: (edit, text) => {
    const paths = jsonList(text) ?? splitWords(text, edit.escape).map((word) => expand(edit, word));
    if (paths.length === 0) throw invalid('VOLUME requires at least one argument');
    const volumes = { ...edit.config.Volumes };
    for (const path of paths) {
      if (path.trim() === '') throw invalid('VOLUME specified can not be an empty string');
      volumes[path.trim()] = {};
    }
    edit.config.Volumes = volumes;
    return `VOLUME [${paths.join(' ')}]`;
  },
  STOPSIGNAL: (edit, text) => {
    const signal = single(edit, text, 'STOPSIGNAL');
    if (!/^(?:[1-9]\d?|(?:SIG)?[A-Z0-9]+(?:[+-]\d+)?)$/i.test(signal)) throw invalid(`invalid signal: ${signal}`);
    edit.config.StopSignal = signal;
    return `STOPSIGNAL ${signal}`;
  },
  ONBUILD: (edit, text) => {
    const trigger = (/^\S*/.exec(text)?.[0] ?? '').toUpperCase();
    if (trigger === '') throw invalid('ONBUILD requires at least one argument');
    if (trigger === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger === 'FROM' || trigger === 'MAINTAINER') throw invalid(`${trigger} isn't allowed as an ONBUILD trigger`);
    edit.config.OnBuild = [...(edit.config.OnBuild ?? []), text];
    return `ONBUILD ${text}`;
  },
  HEALTHCHECK: (edit, text) => {
    edit.config.Healthcheck = healthcheckOf(text);
    return `HEALTHCHECK ${healthcheckText(edit.config.Healthcheck)}`;
  },
};

/** SHELL is no change that `commit` and `import` take; a Dockerfile's is. */
const SHELL_INSTRUCTION: Instruction = (edit, text) => {
  const shell = jsonList(text);
  if (!shell || shell.length === 0) throw invalid('SHELL requires the arguments to be in JSON form');
  edit.config.Shell = shell;
  return `SHELL [${shell.join(' ')}]`;
};

/**
 * Apply one instruction of a Dockerfile that changes nothing but the configuration. Returns its text for the history, as
 * Docker writes it. Throws invalid-argument.
 */
export function applyInstruction(edit: ConfigEdit, name: string, text: string): string {
  const instruction = name === 'SHELL' ? SHELL_INSTRUCTION : INSTRUCTIONS[name];
  if (!instruction) throw invalid(`unknown instruction: ${name}`);
  return instruction(edit, text);
}

/**
 * The config with Dockerfile instructions applied in order, as `commit --change` and `import --change` take them: CMD,
 * ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR. Throws invalid-argument.
 */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  const edit: Edit = { config: { ...config }, commandSet: false };
  for (const line of instructionLines(changes)) {
    const name = /^\S+/.exec(line)?.[0] ?? '';
    const instruction = INSTRUCTIONS[name.toUpperCase()];
    if (!instruction || !Object.hasOwn(INSTRUCTIONS, name.toUpperCase())) {
      throw invalid(`${name} is not a valid change command`);
    }
    instruction(edit, line.slice(name.length).trim());
  }
  return edit.config;
}

/** The environment as a map. A name without `=` counts as set to nothing. */
export function environmentOf(env: readonly string[]): Map<string, string> {
  return new Map(
    env.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? ([entry, ''] as const) : ([entry.slice(0, at), entry.slice(at + 1)] as const);
    }),
  );
}

/** Logical lines: joined where a backslash ends one, without comments and blank ones. */
function* instructionLines(changes: readonly string[]): Generator<string> {
  for (const change of changes) {
    const joined = change.replace(/\\[ \t]*\r?\n/g, '');
    for (const line of joined.split(/\r?\n/)) {
      const trimmed = line.trim();
      if (trimmed !== '' && !trimmed.startsWith('#')) yield trimmed;
    }
  }
}

/** A command in exec form, or in shell form behind the shell. */
export function commandOf(edit: Pick<ConfigEdit, 'config'>, text: string): string[] {
  return jsonList(text) ?? (text === '' ? [] : [...(edit.config.Shell ?? SHELL), text]);
}

/** The exec form, a JSON list of strings, or undefined where the text is in shell form. */
export function jsonList(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((element) => typeof element === 'string')) return value;
  } catch {
    // Not JSON: a shell command that begins with a bracket, such as `[ -f x ]`.
  }
  return undefined;
}

function expand(edit: Edit, word: string): string {
  const environment = new Map([...(edit.variables ?? []), ...environmentOf(edit.config.Env ?? [])]);
  return expandWord(word, environment, edit.escape);
}

function single(edit: Edit, text: string, name: string): string {
  const words = splitWords(text, edit.escape);
  if (words.length !== 1) throw invalid(`${name} requires exactly one argument`);
  return expand(edit, words[0] as string);
}

/** `NAME=value …`, or the old form `NAME the rest`. All values see the environment as it was before the instruction. */
function pairs(edit: Edit, text: string, name: string): [string, string][] {
  const words = splitWords(text, edit.escape);
  if (words.length === 0) throw invalid(`${name} requires at least one argument`);
  if (!(words[0] as string).includes('=')) {
    const key = words[0] as string;
    const value = text.slice(key.length).trim();
    if (value === '') throw invalid(`${name} must have two arguments`);
    return [[expand(edit, key), expand(edit, value)]];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) throw invalid(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    const key = expand(edit, word.slice(0, at));
    if (key === '') throw invalid(`${name} names can not be blank`);
    return [key, expand(edit, word.slice(at + 1))];
  });
}

function joined(list: readonly (readonly [string, string])[]): string {
  return list.map(([name, value]) => `${name}=${value}`).join(' ');
}

/** As Go prints the structure behind a pointer, which is what Docker's history has. */
function healthcheckText(check: HealthcheckConfig): string {
  const seconds = (nanos = 0): string => `${nanos / 1e9}s`;
  const test = `[${(check.Test ?? []).map((word) => JSON.stringify(word)).join(' ')}]`;
  const { Interval, Timeout, StartPeriod, StartInterval, Retries = 0 } = check;
  const times = [Interval, Timeout, StartPeriod, StartInterval].map((value) => JSON.stringify(seconds(value)));
  return `&{${test} ${times.join(' ')} '${String.fromCharCode(92)}x${Retries.toString(16).padStart(2, '0')}'}`;
}

function withVariable(env: readonly string[], name: string, value: string): string[] {
  const entry = `${name}=${value}`;
  const at = env.findIndex((existing) => existing === name || existing.startsWith(`${name}=`));
  return at < 0 ? [...env, entry] : env.with(at, entry);
}

function portsOf(word: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (!match || from < 1 || to > PORT_RANGE_LIMIT || to < from) throw invalid(`invalid containerPort: ${word}`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol}`);
}

const HEALTH_FLAGS: Readonly<Record<string, 'Interval' | 'Timeout' | 'StartPeriod' | 'StartInterval'>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

function healthcheckOf(text: string): HealthcheckConfig {
  const check: Mutable<HealthcheckConfig> = {};
  let rest = text;
  for (let flag = /^--([a-z-]+)=(\S*)\s*/.exec(rest); flag; flag = /^--([a-z-]+)=(\S*)\s*/.exec(rest)) {
    const [all, name = '', value = ''] = flag;
    rest = rest.slice(all.length);
    const field = Object.hasOwn(HEALTH_FLAGS, name) ? HEALTH_FLAGS[name] : undefined;
    if (name === 'retries') check.Retries = retriesOf(value);
    else if (field) check[field] = nanoseconds(value, name);
    else throw invalid(`Unknown flag: ${name}`);
  }
  const type = (/^\S*/.exec(rest)?.[0] ?? '').toUpperCase();
  const command = rest.slice(type.length).trim();
  if (type === 'NONE') {
    if (command !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    return { ...check, Test: ['NONE'] };
  }
  if (type !== 'CMD') throw invalid(`Unknown type "${type}" in HEALTHCHECK (try CMD)`);
  if (command === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const list = jsonList(command);
  return {
    ...check,
    // The shell in the container expands variables.
    Test: list ? ['CMD', ...list] : ['CMD-SHELL', command],
  };
}

function retriesOf(value: string): number {
  const retries = Number(value);
  if (!/^\d+$/.test(value) || retries > 2 ** 31)
    throw invalid(`--retries must be a number of at least 0, not "${value}"`);
  return retries;
}

function nanoseconds(value: string, flag: string): number {
  const milliseconds = parseDuration(value);
  if (milliseconds !== 0 && milliseconds < 1) throw invalid(`Interval "${flag}" cannot be less than 1ms`);
  return Math.round(milliseconds * 1_000_000);
}

function invalid(message: string): PouchError {
  return new PouchError('invalid-argument', message);
}
