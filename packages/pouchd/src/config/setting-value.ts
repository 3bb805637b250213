import { PouchError } from '@pouch/base';
import type { Setting } from './settings.ts';

/** A setting's value from text, as flags and the environment give it; lists and maps by commas. Throws `invalid-argument`. */
export function parseText(setting: Setting, text: string, where: string): unknown {
  switch (setting.kind) {
    case 'string':
      return checkChoice(setting, text, where);
    case 'boolean':
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      if (/^(false|0|no|off)$/i.test(text)) return false;
      throw wrong(setting, where, `'${text}' is neither true nor false`);
    case 'integer':
      if (!/^-?\d+$/.test(text)) throw wrong(setting, where, `'${text}' is not a whole number`);
      return Number(text);
    case 'list':
      return text.split(',').filter(Boolean);
    case 'map':
      return Object.fromEntries(
        text
          .split(',')
          .filter(Boolean)
          .map((entry) => splitEntry(setting, entry, where)),
      );
    case 'json':
      return parseJson(setting, text, where);
  }
}

function splitEntry(setting: Setting, entry: string, where: string): [string, string] {
  const at = entry.indexOf('=');
  if (at < 1) throw wrong(setting, where, `'${entry}' is not of the form name=value`);
  return [entry.slice(0, at), entry.slice(at + 1)];
}

function parseJson(setting: Setting, text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(setting, where, 'it is not valid JSON', error);
  }
}

/** A setting's value as the file holds it. Throws `invalid-argument` for another type. */
export function checkValue(setting: Setting, value: unknown, where: string): unknown {
  switch (setting.kind) {
    case 'string':
      if (typeof value !== 'string') throw wrong(setting, where, 'it must be a string');
      return checkChoice(setting, value, where);
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(setting, where, 'it must be true or false');
      return value;
    case 'integer':
      if (!Number.isSafeInteger(value)) throw wrong(setting, where, 'it must be a whole number');
      return value;
    case 'list':
      if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
        throw wrong(setting, where, 'it must be a list of strings');
      }
      return value;
    case 'map':
      if (!isPlainObject(value) || !Object.values(value).every((entry) => typeof entry === 'string')) {
        throw wrong(setting, where, 'it must be an object of strings');
      }
      return value;
    case 'json':
      return value;
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkChoice(setting: Setting, text: string, where: string): string {
  if (setting.choices && !setting.choices.includes(text)) {
    const choices = setting.choices.filter(Boolean).join(', ');
    throw wrong(setting, where, `'${text}' is not one of: ${choices}`);
  }
  return text;
}

function wrong(setting: Setting, where: string, what: string, cause?: unknown): PouchError {
  return new PouchError('invalid-argument', `${where}: ${setting.name}: ${what}`, { cause });
}
