/** What a flag's or an argument's value names, for completion. */
export type CompletionKind =
  | 'container'
  | 'running-container'
  | 'stopped-container'
  | 'image'
  | 'network'
  | 'volume'
  | 'file'
  | 'directory'
  | 'none';

export interface FlagOptions {
  /** One letter for `-x`. */
  readonly short?: string;
  /** Heading in the help under which it stands; without it 'Options'. */
  readonly group?: string;
  readonly complete?: CompletionKind;
  /** The words it takes, for completion. */
  readonly values?: readonly string[];
  /** Accepted, but not shown in help. */
  readonly hidden?: boolean;
  /** Set for a flag of Docker's that cannot work here: what to tell who uses it. */
  readonly refused?: string;
  /** Shown instead of the type's name. */
  readonly placeholder?: string;
}

/** A flag: how its texts become a value of type T. */
export interface Flag<T> extends FlagOptions {
  readonly help: string;
  /** The word in the help behind the name: string, list, int, … Empty for a switch. */
  readonly type: string;
  readonly default: T;
  /** As the help shows it; undefined: not at all. */
  readonly shownDefault?: string;
  /** A switch needs no value: `--rm` means `--rm=true`. */
  readonly isSwitch: boolean;
  /** The value after `text` was given once more. Throws an Error with what is wrong. */
  parse(text: string, before: T): T;
}

export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The values of a table of flags, by flag name. */
export type FlagValues<F> = { readonly [K in keyof F]: F[K] extends Flag<infer T> ? T : never };
