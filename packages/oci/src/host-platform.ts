import { readFileSync } from 'node:fs';
import { hostArchitecture, normalisePlatform, type Platform } from './platform.ts';

/** CPU flags (as /proc/cpuinfo spells them) that each x86-64 level adds to the one below; x86-64 psABI, table 3.1. */
const AMD64_LEVELS: readonly (readonly string[])[] = [
  ['cx16', 'lahf_lm', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'],
  ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
  ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl'],
];

let cached: Platform | undefined;

/** The platform of this host, with its amd64 level or arm version. */
export function hostPlatform(): Platform {
  cached ??= detectPlatform(hostArchitecture(), readCpuInfo());
  return cached;
}

/** The platform for an architecture and the text of its /proc/cpuinfo. */
export function detectPlatform(architecture: string, cpuInfo: string): Platform {
  const variant = architecture === 'amd64' ? amd64Level(cpuInfo) : architecture === 'arm' ? armVersion(cpuInfo) : '';
  return normalisePlatform({ os: 'linux', architecture, ...(variant !== '' && { variant }) });
}

function amd64Level(cpuInfo: string): string {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuInfo)?.[1]?.trim().split(/\s+/) ?? []);
  let level = 1;
  for (const needed of AMD64_LEVELS) {
    if (!needed.every((flag) => flags.has(flag))) break;
    level += 1;
  }
  return `v${level}`;
}

function armVersion(cpuInfo: string): string {
  const version = /^CPU architecture\s*:\s*(\d+|AArch64)/im.exec(cpuInfo)?.[1];
  // Some boards say 7 on an ARMv6 core (the first Raspberry Pi): the model name gives them away.
  if (version === '7' && /^model name\s*:.*ARMv6-compatible/im.test(cpuInfo)) return 'v6';
  if (version?.toLowerCase() === 'aarch64') return 'v8';
  return version === undefined ? 'v7' : `v${version}`;
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
