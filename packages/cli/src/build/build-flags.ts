import type { FlagValues } from '../flags/flag.ts';
import { bool, bytes, int, list, parsedList, str } from '../flags/types.ts';
import { parseUlimit } from '../run/limits.ts';

const LIMITS = { group: 'Limits of RUN, which the classic builder has' } as const;
const OUTPUT = { group: 'What becomes of the result (BuildKit)' } as const;

/** Flags of `pouch build`. */
export const buildFlags = {
  'add-host': list('Name that RUN knows: NAME:IP'),
  allow: list('What steps may do besides: network.host'),
  attest: list('Attestation of the result: type=sbom or type=provenance, and its parameters', OUTPUT),
  'build-arg': list('Value of an ARG: NAME=VALUE, or NAME to take it from the environment'),
  'build-context': list('One more context for FROM and COPY --from: NAME=PATH, URL or docker-image://IMAGE'),
  'cache-from': list('Image whose steps may be taken over, or type=TYPE,KEY=VALUE of a cache'),
  'cache-to': list('Where the cache goes: type=inline, type=registry,ref=NAME and others of BuildKit'),
  'cgroup-parent': str('Control group above those of RUN'),
  classic: bool('Build with the classic builder, as DOCKER_BUILDKIT=0 does'),
  compress: bool('Accepted for compatibility: a local socket gains nothing', { hidden: true }),
  'cpu-period': int('Period of the CPU quota, in microseconds', LIMITS),
  'cpu-quota': int('CPU time per period, in microseconds', LIMITS),
  'cpu-shares': int('CPU weight against others', { ...LIMITS, short: 'c' }),
  'cpuset-cpus': str('CPUs to run on: 0-3 or 0,1', LIMITS),
  'cpuset-mems': str('Memory nodes to use: 0-3 or 0,1', LIMITS),
  file: str('The Dockerfile; - reads it from standard input', { short: 'f', complete: 'file' }),
  'force-rm': bool('Remove the containers of steps that failed, too (classic builder)'),
  iidfile: str("Write the image's id to this file", { complete: 'file' }),
  label: list('Label of the image: NAME=VALUE'),
  load: bool('Keep the result as an image of the daemon, which is what happens without --output', OUTPUT),
  memory: bytes('Memory, such as 512m', { ...LIMITS, short: 'm' }),
  'memory-swap': bytes('Memory and swap together; -1 is unlimited swap', { ...LIMITS, allowMinusOne: true }),
  'metadata-file': str('Write what BuildKit says of the result to this file, as JSON', {
    ...OUTPUT,
    complete: 'file',
  }),
  network: str('Network of RUN: default, none, host, or (classic builder) a name'),
  'no-cache': bool('Do every step anew'),
  'no-cache-filter': list('Stage that is built anew'),
  output: list('PATH, or type=local|tar|oci|docker|image|registry and dest=PATH; - is standard output', {
    ...OUTPUT,
    short: 'o',
  }),
  platform: list('Platform of the image: os[/arch[/variant]]; several make one image for all of them'),
  progress: str('How progress is shown: auto, plain, tty or quiet', { default: 'auto' }),
  provenance: str('Attestation of how the result was made: true, false, mode=min or mode=max', OUTPUT),
  pull: bool('Ask the registry for newer base images'),
  push: bool('Push the image to its registry', OUTPUT),
  quiet: bool("Print nothing but the image's id", { short: 'q' }),
  rm: bool('Remove the containers of steps that went well (classic builder)', { default: true }),
  sbom: str('Attestation of what the result is made of: true or false', OUTPUT),
  secret: list('Secret for RUN --mount=type=secret: id=ID, with src=FILE or env=NAME'),
  'shm-size': bytes('Size of /dev/shm'),
  ssh: list('SSH agent for RUN --mount=type=ssh: default, or ID=SOCKET'),
  tag: list('Name of the image: NAME[:TAG]; may be repeated', { short: 't' }),
  target: str('Build up to this stage'),
  ulimit: parsedList('ulimit', 'Limit of a process: NAME=SOFT[:HARD]', parseUlimit),
} as const;

export type BuildFlags = FlagValues<typeof buildFlags>;
