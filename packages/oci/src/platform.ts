import { PouchError } from '@pouch/base';
import { compact, type JsonReader } from './json.ts';

/** What an image runs on (OCI image-spec, image-index.md, `platform`). */
export interface Platform {
  readonly os: string;
  /** Go's name: `amd64`, `arm64`, `arm`, `386`, `ppc64le`, `s390x`, `riscv64`. */
  readonly architecture: string;
  /** `v6`, `v7` for arm; `v9` for arm64; `v2`–`v4` for amd64. */
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const COMPONENT = /^[A-Za-z0-9_.-]{1,64}$/;
const ARCHITECTURES: ReadonlySet<string> = new Set([
  '386',
  'amd64',
  'arm',
  'arm64',
  'loong64',
  'mips',
  'mipsle',
  'mips64',
  'mips64le',
  'ppc64',
  'ppc64le',
  'riscv64',
  's390x',
  'wasm',
]);
const SYSTEMS: ReadonlySet<string> = new Set([
  'aix',
  'android',
  'darwin',
  'dragonfly',
  'freebsd',
  'illumos',
  'linux',
  'netbsd',
  'openbsd',
  'plan9',
  'solaris',
  'wasi',
  'windows',
]);
const ARCHITECTURE_ALIAS: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i486: '386',
  i586: '386',
  i686: '386',
  loongarch64: 'loong64',
};

/** What Node calls architectures, in Go's names. */
const NODE_ARCHITECTURE: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

/** Go's name of the architecture that this process runs on. */
export function hostArchitecture(): string {
  return NODE_ARCHITECTURE[process.arch] ?? process.arch;
}

/**
 * Parse `linux/arm64/v8`, `linux/amd64`, or one component: an architecture (`arm64`) or an operating system (`linux`), the
 * other half being this host's. Throws invalid-argument.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.trim().split('/');
  const [first = '', second, third] = parts;
  if (parts.length > 3 || !parts.every((part) => COMPONENT.test(part))) {
    throw new PouchError(
      'invalid-argument',
      `"${text}" is an invalid platform: use os/architecture or os/architecture/variant`,
    );
  }
  if (second === undefined) {
    const normalised = normalisePlatform({ os: 'linux', architecture: first });
    if (ARCHITECTURES.has(normalised.architecture)) return normalised;
    const os = normaliseSystem(first);
    if (SYSTEMS.has(os)) return normalisePlatform({ os, architecture: hostArchitecture() });
    throw new PouchError(
      'invalid-argument',
      `"${text}" is an invalid platform: unknown operating system or architecture`,
    );
  }
  return normalisePlatform({ os: first, architecture: second, ...(third !== undefined && { variant: third }) });
}

/** The platform in Go's names, without the variant that is its architecture's baseline (arm64 v8, amd64 v1). */
export function normalisePlatform(platform: Platform): Platform {
  let architecture = platform.architecture.toLowerCase();
  let variant = (platform.variant ?? '').toLowerCase();
  if (architecture === 'armhf') [architecture, variant] = ['arm', 'v7'];
  else if (architecture === 'armel') [architecture, variant] = ['arm', 'v6'];
  architecture = ARCHITECTURE_ALIAS[architecture] ?? architecture;
  if (/^\d/.test(variant)) variant = `v${variant}`;
  if (architecture === 'arm' && variant === '') variant = 'v7';
  if (architecture === 'arm64' && (variant === 'v8' || variant === 'v8.0')) variant = '';
  if (architecture === 'amd64' && variant === 'v1') variant = '';
  return compact<Platform>({
    os: normaliseSystem(platform.os),
    architecture,
    variant: variant === '' ? undefined : variant,
    'os.version': platform['os.version'],
    'os.features': platform['os.features'],
  });
}

/** `linux/arm/v7` */
export function formatPlatform(platform: Platform): string {
  const { os, architecture, variant } = normalisePlatform(platform);
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}

/** Whether both name the same platform. */
export function samePlatform(a: Platform, b: Platform): boolean {
  return formatPlatform(a) === formatPlatform(b);
}

/** Everything that a host of this platform can run, best first: `linux/amd64/v3`, `/v2`, `linux/amd64`, `linux/386`. */
export function runnablePlatforms(host: Platform): string[] {
  const { os, architecture, variant } = normalisePlatform(host);
  const level = Number(/^v(\d+)/.exec(variant ?? '')?.[1] ?? 0);
  const down = (arch: string, from: number, to: number): string[] =>
    Array.from({ length: Math.max(0, from - to + 1) }, (_, index) => `${os}/${arch}/v${from - index}`);
  const own = formatPlatform(host);
  const list = [own];
  if (architecture === 'amd64') list.push(...down('amd64', level - 1, 2), `${os}/amd64`, `${os}/386`);
  if (architecture === 'arm') list.push(...down('arm', level - 1, 5));
  if (architecture === 'arm64') list.push(...down('arm64', level - 1, 9), `${os}/arm64`, ...down('arm', 8, 5));
  return [...new Set(list)];
}

/** Whether a host of this platform runs images of `image`. */
export function canRun(host: Platform, image: Platform): boolean {
  return runnablePlatforms(host).includes(formatPlatform(image));
}

export function readPlatform(reader: JsonReader): Platform {
  return compact<Platform>({
    os: reader.get('os').optionalString() ?? '',
    architecture: reader.get('architecture').optionalString() ?? '',
    variant: reader.get('variant').optional((variant) => variant.string() || undefined),
    'os.version': reader.get('os.version').optionalString(),
    'os.features': reader.get('os.features').optional((features) => features.strings(100)),
  });
}

function normaliseSystem(os: string): string {
  const name = os.toLowerCase();
  return name === 'macos' ? 'darwin' : name;
}
