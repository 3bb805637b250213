import { type ErrorCode, PouchError } from '@pouch/base';

/**
 * What OCI runtimes say when the command itself cannot be run. containerd passes their words on with status UNKNOWN, so the
 * words are all there is. Both runtimes check the command at create; for an exec at start.
 *
 * runc:  exec: "x": executable file not found in $PATH | exec: "/x": stat /x: no such file or directory | exec: "/x": permission denied
 * crun:  executable file `x` not found in $PATH | open executable: Permission denied
 */
const PATTERNS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/: exec: "[^]*": executable file not found in \$PATH/, 'command-not-found'],
  [/: exec: "[^]*": stat [^]*: (?:no such file or directory|not a directory)/, 'command-not-found'],
  [/: exec: "[^]*": (?:permission denied|is a directory|operation not permitted)/, 'command-not-executable'],
  [/: exec (?:"|\/)[^]*: no such file or directory/, 'command-not-found'],
  [/: exec (?:"|\/)[^]*: (?:exec format error|permission denied)/, 'command-not-executable'],
  [/: executable file `[^]*` not found/, 'command-not-found'],
  [/: open executable: (?:No such file or directory|Not a directory)/, 'command-not-found'],
  [/: open executable: (?:Permission denied|Operation not permitted|Is a directory)/, 'command-not-executable'],
  [
    /: chdir to cwd \("[^]*"\) set in config.json failed: (?:no such file or directory|not a directory)/,
    'command-not-found',
  ],
  [/: chdir `[^`]*`: (?:No such file or directory|Not a directory)/, 'command-not-found'],
  [/: exec container process [^]*: No such file or directory/, 'command-not-found'],
  [/: exec container process [^]*: (?:Exec format error|Permission denied)/, 'command-not-executable'],
];

/** What in the container's configuration the runtime refuses, by crun's words and by runc's. */
const REFUSALS: readonly (readonly [RegExp, ErrorCode, (match: RegExpExecArray) => string])[] = [
  [
    /: (?:chdir `([^`]*)`: Not a directory|error during container init: mkdir (\S+): not a directory)/,
    'command-not-executable',
    ([, crun, runc]) => `the working directory cannot be used: ${crun ?? runc} is not a directory in the container`,
  ],
  [
    /: open \/proc\/sys\/(\S+): no such file or directory/i,
    'invalid-argument',
    ([, path]) => `the kernel has no parameter ${sysctlName(path)}: check its name, and whether its module is loaded`,
  ],
  [
    /: write (?:to )?\/proc\/sys\/(\S+): (.*?)(?:: unknown)?$/i,
    'invalid-argument',
    ([, path, reason]) =>
      `the kernel does not take the value of the parameter ${sysctlName(path)}: ${reason?.toLowerCase()}`,
  ],
];

function sysctlName(path = ''): string {
  return path.replaceAll('/', '.');
}

/**
 * The error, with code `command-not-found` (127) or `command-not-executable` (126) where the runtime says so, and
 * `invalid-argument` where it refuses something of the configuration.
 */
export function mapRuntimeError(error: unknown): unknown {
  if (!(error instanceof PouchError) || error.code !== 'upstream') return error;
  for (const [pattern, code, say] of REFUSALS) {
    const match = pattern.exec(error.message);
    if (match) return new PouchError(code, say(match), { cause: error, details: error.details });
  }
  const found = PATTERNS.find(([pattern]) => pattern.test(error.message));
  return found
    ? new PouchError(found[1], plainMessage(error.message), { cause: error, details: error.details })
    : error;
}

/** crun's words in runc's, which Docker's client looks for to choose its exit code. */
function plainMessage(message: string): string {
  return message
    .replace(
      /executable file `([^`]*)` not found in \$PATH(?:: No such file or directory)?/,
      'exec: "$1": executable file not found in $PATH',
    )
    .replace(
      /chdir `([^`]*)`: (No such file or directory|Not a directory)/,
      (_, path: string, why: string) => `chdir to cwd ("${path}") set in config.json failed: ${why.toLowerCase()}`,
    )
    .replace(/open executable: (?:Permission denied|Operation not permitted|Is a directory)/, 'exec: permission denied')
    .replace(/open executable: (?:No such file or directory|Not a directory)/, 'exec: no such file or directory');
}
