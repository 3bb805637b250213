import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { writeFileAtomic } from '@pouch/base';
import { type RuntimeSpec, serialiseRuntimeSpec } from '@pouch/oci';

/** crun takes a compiled filter from here instead of compiling `linux.seccomp` (crun(1), run.oci.seccomp_bpf_data). */
const ANNOTATION = 'run.oci.seccomp_bpf_data';

/**
 * Compiling the default seccomp profile costs crun some 15 ms at every start, and always gives the same program. crun
 * leaves what it compiled beside its state; from the second container on, that program is handed to it ready. Kept on
 * disk by the profile's and the runtime's identity, so that an upgrade of either compiles anew.
 */
export class SeccompCache {
  readonly #directory: string;
  readonly #programs = new Map<string, string>();
  readonly #identities = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The spec as the runtime is to have it, and a key to learn the program under when it is not known yet. */
  apply(spec: RuntimeSpec, binary: string): { readonly spec: RuntimeSpec; readonly learn: string | undefined } {
    const seccomp = spec.linux?.seccomp;
    const identity = this.#identity(binary);
    if (!seccomp || identity === undefined || asksSomebody(seccomp)) return { spec, learn: undefined };
    const text = serialiseRuntimeSpec({ ...spec, mounts: [], linux: { seccomp } } as RuntimeSpec);
    const key = createHash('sha256')
      .update(identity)
      .update(text.slice(text.indexOf('"seccomp"')))
      .digest('hex');
    const program = this.#programs.get(key) ?? this.#read(key);
    if (program === undefined) return { spec, learn: key };
    const { seccomp: _, ...linux } = spec.linux ?? {};
    return { spec: { ...spec, annotations: { ...spec.annotations, [ANNOTATION]: program }, linux }, learn: undefined };
  }

  /** Take over what crun compiled for a container that was just made; `stateDirectory` is crun's own for it. */
  async learn(key: string, stateDirectory: string): Promise<void> {
    const program = await readFile(join(stateDirectory, 'seccomp.bpf')).catch(() => undefined);
    // A program is a list of 8-byte instructions; anything else is not understood, and not kept.
    if (!program || program.length === 0 || program.length % 8 !== 0) return;
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFileAtomic(join(this.#directory, key), program, 0o600);
    this.#programs.set(key, program.toString('base64'));
  }

  #read(key: string): string | undefined {
    try {
      const program = readFileSync(join(this.#directory, key)).toString('base64');
      this.#programs.set(key, program);
      return program;
    } catch {
      return undefined;
    }
  }

  /** Undefined for a runtime that is not crun. */
  #identity(binary: string): string | undefined {
    if (basename(binary) !== 'crun') return undefined;
    let identity = this.#identities.get(binary);
    if (identity === undefined) {
      identity = fileIdentity(binary);
      this.#identities.set(binary, identity);
    }
    return identity;
  }
}

/** A profile that hands calls to a listener is more than a program. */
function asksSomebody(seccomp: NonNullable<NonNullable<RuntimeSpec['linux']>['seccomp']>): boolean {
  return JSON.stringify(seccomp).includes('SCMP_ACT_NOTIFY');
}

function fileIdentity(binary: string): string {
  const paths = binary.includes('/')
    ? [binary]
    : (process.env.PATH ?? '').split(delimiter).map((directory) => join(directory, binary));
  for (const path of paths) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found) return `${path}:${found.size}:${found.mtimeMs}`;
  }
  return binary;
}
