import type { Platform } from '@pouch/oci';

/** Arguments that a user may give without the Dockerfile declaring them; they are no part of history and cache then. */
const PREDEFINED = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()]),
);

export type GivenArgs = Readonly<Record<string, string | null>>;

/** Build arguments of a whole Dockerfile: those given, those before the first FROM, and which of them were used. */
export class BuildArgs {
  readonly #given: ReadonlyMap<string, string | null>;
  readonly #meta = new Map<string, string>();
  readonly #used = new Set<string>();

  constructor(given: GivenArgs, target: Platform, host: Platform) {
    this.#given = new Map(Object.entries(given));
    for (const [name, value] of platformArgs('TARGET', target)) this.#meta.set(name, value);
    for (const [name, value] of platformArgs('BUILD', host)) this.#meta.set(name, value);
    for (const name of this.#meta.keys()) {
      const value = this.#given.get(name);
      if (typeof value === 'string') this.#meta.set(name, value);
    }
  }

  /** ARG before the first FROM. */
  declareMeta(name: string, fallback: string | undefined): void {
    const value = this.#given.get(name) ?? fallback;
    this.#used.add(name);
    if (value !== undefined) this.#meta.set(name, value);
  }

  /** What FROM may refer to. */
  get meta(): ReadonlyMap<string, string> {
    return this.#meta;
  }

  stage(): StageArgs {
    return new StageArgs(this.#given, this.#meta, this.#used);
  }

  /** Arguments that were given and that nothing asked for. */
  unused(): string[] {
    return [...this.#given.keys()].filter((name) => !this.#used.has(name) && !PREDEFINED.has(name)).toSorted();
  }
}

/** The arguments that one stage has declared so far. */
export class StageArgs {
  readonly #given: ReadonlyMap<string, string | null>;
  readonly #meta: ReadonlyMap<string, string>;
  readonly #used: Set<string>;
  readonly #declared = new Map<string, string | undefined>();

  constructor(given: ReadonlyMap<string, string | null>, meta: ReadonlyMap<string, string>, used: Set<string>) {
    this.#given = given;
    this.#meta = meta;
    this.#used = used;
  }

  declare(name: string, fallback: string | undefined): void {
    this.#used.add(name);
    this.#declared.set(name, this.#given.get(name) ?? fallback ?? this.#meta.get(name));
  }

  /** Declared arguments that have a value. */
  get variables(): ReadonlyMap<string, string> {
    return new Map([...this.#declared].flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  }

  /** `NAME=value` for a command's environment: what is declared, and the proxies; nothing that ENV has set. */
  environment(env: readonly string[]): { readonly all: string[]; readonly shown: string[] } {
    const set = new Set(env.map((entry) => entry.split('=', 1)[0]));
    const declared = [...this.variables].filter(([name]) => !set.has(name));
    const proxies = [...this.#given].filter(
      ([name, value]) => value !== null && PREDEFINED.has(name) && !this.#declared.has(name) && !set.has(name),
    );
    const text = (list: readonly (readonly [string, string | null])[]): string[] =>
      list.map(([name, value]) => `${name}=${value ?? ''}`).toSorted();
    return { all: text([...declared, ...proxies]), shown: text(declared) };
  }
}

function platformArgs(prefix: 'TARGET' | 'BUILD', platform: Platform): [string, string][] {
  const { os, architecture, variant } = platform;
  return [
    [`${prefix}PLATFORM`, [os, architecture, variant].filter(Boolean).join('/')],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant ?? ''],
  ];
}
