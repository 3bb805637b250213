import type { Flag, Flags } from './flag.ts';

/** A command line that does not fit the table; the CLI ends with 125. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** `--help` or `-h` where the table has no other meaning for it. */
export class HelpRequested extends Error {
  override readonly name = 'HelpRequested';
}

export interface ParsedFlags {
  readonly values: Record<string, unknown>;
  /** The flags that were given. */
  readonly given: ReadonlySet<string>;
  readonly args: readonly string[];
}

/**
 * Parse a command line by the rules of Go's pflag: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`,
 * grouped switches (`-it`), `--switch=false`, and `--` before the arguments. Without `interspersed` the first argument
 * ends the flags.
 */
export function parseFlags(flags: Flags, argv: readonly string[], interspersed: boolean): ParsedFlags {
  const parser = new Parser(flags);
  let index = 0;
  for (; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (word === '--') {
      parser.args.push(...argv.slice(index + 1));
      break;
    }
    const next = argv[index + 1];
    if (word.startsWith('--')) {
      if (parser.long(word.slice(2), next)) index += 1;
    } else if (word.startsWith('-') && word.length > 1) {
      if (parser.short(word.slice(1), next)) index += 1;
    } else if (interspersed) {
      parser.args.push(word);
    } else {
      parser.args.push(...argv.slice(index));
      break;
    }
  }
  return parser;
}

class Parser implements ParsedFlags {
  readonly values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  readonly given = new Set<string>();
  readonly args: string[] = [];
  readonly #flags: Flags;
  readonly #byShort = new Map<string, string>();

  constructor(flags: Flags) {
    this.#flags = flags;
    for (const [name, flag] of Object.entries(flags)) {
      this.values[name] = flag.default;
      if (flag.short) this.#byShort.set(flag.short, name);
    }
  }

  /** Returns whether the next word was taken as the value. */
  long(text: string, next: string | undefined): boolean {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: --${text}`);
    const flag = Object.hasOwn(this.#flags, name) ? this.#flags[name] : undefined;
    if (!flag) {
      if (name === 'help') throw new HelpRequested();
      throw new FlagError(`unknown flag: --${name}${this.#similar(name)}`);
    }
    if (at >= 0) this.#set(name, flag, text.slice(at + 1));
    else if (flag.isSwitch) this.#set(name, flag, 'true');
    else if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`);
    else {
      this.#set(name, flag, next);
      return true;
    }
    return false;
  }

  /** A group of letters behind one dash. Returns whether the next word was taken as the value. */
  short(group: string, next: string | undefined): boolean {
    for (let index = 0; index < group.length; index += 1) {
      const letter = group[index] as string;
      const name = this.#byShort.get(letter);
      const flag = name === undefined ? undefined : this.#flags[name];
      if (name === undefined || !flag) {
        if (letter === 'h') throw new HelpRequested();
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${group}`);
      }
      const rest = group.slice(index + 1);
      if (rest.startsWith('=')) {
        this.#set(name, flag, rest.slice(1));
        return false;
      }
      if (flag.isSwitch) {
        this.#set(name, flag, 'true');
        continue;
      }
      if (rest) {
        this.#set(name, flag, rest);
        return false;
      }
      if (next === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${group}`);
      this.#set(name, flag, next);
      return true;
    }
    return false;
  }

  #set(name: string, flag: Flag<unknown>, text: string): void {
    const shown = flag.short ? `-${flag.short}, --${name}` : `--${name}`;
    if (flag.refused !== undefined && !(flag.isSwitch && flag.parse(text, false) === flag.default)) {
      throw new FlagError(`--${name} is not supported: ${flag.refused}`);
    }
    try {
      this.values[name] = flag.parse(text, this.values[name]);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FlagError(`invalid argument "${text}" for "${shown}" flag: ${reason}`);
    }
    this.given.add(name);
  }

  #similar(name: string): string {
    const near = Object.keys(this.#flags).find(
      (known) =>
        known !== name && (known.startsWith(name) || (name.length > 3 && name.startsWith(known) && known.length > 3)),
    );
    return near === undefined ? '' : ` (did you mean --${near}?)`;
  }
}
