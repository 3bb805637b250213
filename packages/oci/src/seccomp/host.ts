import { release } from 'node:os';
import { hostArchitecture } from '../platform.ts';

/** What a profile's conditions are judged against. */
export interface SeccompHost {
  /** The capabilities that the container will have (`CAP_…`). */
  readonly capabilities: readonly string[];
  /** Go's name; this host's by default. */
  readonly architecture?: string;
  /** Of the kernel, as `uname -r` prints it; this host's by default. */
  readonly kernelRelease?: string;
}

/** libseccomp's name of each architecture, and of those whose calls a kernel of it also takes. */
export const SECCOMP_ARCHITECTURES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  '386': ['SCMP_ARCH_X86'],
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm: ['SCMP_ARCH_ARM'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
  loong64: ['SCMP_ARCH_LOONGARCH64'],
  mips64: ['SCMP_ARCH_MIPS64', 'SCMP_ARCH_MIPS', 'SCMP_ARCH_MIPS64N32'],
  mips64le: ['SCMP_ARCH_MIPSEL64', 'SCMP_ARCH_MIPSEL', 'SCMP_ARCH_MIPSEL64N32'],
  ppc64le: ['SCMP_ARCH_PPC64LE'],
  riscv64: ['SCMP_ARCH_RISCV64'],
  s390x: ['SCMP_ARCH_S390X', 'SCMP_ARCH_S390'],
};

export function seccompArchitecture(host: SeccompHost): string {
  return host.architecture ?? hostArchitecture();
}

/** Whether the kernel is `major.minor` or newer. */
export function kernelAtLeast(host: SeccompHost, version: string): boolean {
  const [major = 0, minor = 0] = parts(host.kernelRelease ?? release());
  const [wantMajor = 0, wantMinor = 0] = parts(version);
  return major > wantMajor || (major === wantMajor && minor >= wantMinor);
}

function parts(version: string): number[] {
  return (/^(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
}
