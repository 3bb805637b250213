import type { LinuxSeccomp, LinuxSyscall } from '../runtime-spec-seccomp.ts';
import { ALWAYS_ALLOWED, BY_ARCHITECTURE, BY_CAPABILITY, SINCE_LINUX_4_8 } from './groups.ts';
import { kernelAtLeast, SECCOMP_ARCHITECTURES, type SeccompHost, seccompArchitecture } from './host.ts';

const EPERM = 1;
const ENOSYS = 38;

/** CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}, of which none may be set. CLONE_NEWTIME (0x80) overlaps clone's exit signal. */
const CLONE_NAMESPACE_FLAGS = 0x7e020000;

/** Address families that are refused: kernel crypto has a long record of holes, and a vsock reaches the hypervisor's host. */
const AF_ALG = 38;
const AF_VSOCK = 40;

/** PER_LINUX, PER_LINUX32, both with UNAME26, and 0xffffffff, which asks for the present one. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

const cache = new Map<string, LinuxSeccomp>();

/**
 * The default filter for a container with these capabilities: what is not named is refused with EPERM. The value is shared
 * between calls; copy before changing it.
 */
export function defaultSeccomp(host: SeccompHost): LinuxSeccomp {
  const capabilities = Object.keys(BY_CAPABILITY).filter((name) => host.capabilities.includes(name));
  const architecture = seccompArchitecture(host);
  const isModern = kernelAtLeast(host, '4.8');
  const key = [architecture, isModern, ...capabilities].join(' ');
  let profile = cache.get(key);
  if (!profile) {
    profile = build(new Set(capabilities), architecture, isModern);
    cache.set(key, profile);
  }
  return profile;
}

function build(capabilities: ReadonlySet<string>, architecture: string, isModern: boolean): LinuxSeccomp {
  const groups = [
    ...Object.values(ALWAYS_ALLOWED),
    ...[...capabilities].map((name) => BY_CAPABILITY[name] ?? ''),
    BY_ARCHITECTURE[architecture] ?? '',
    isModern ? SINCE_LINUX_4_8 : '',
  ];
  const names = [...new Set(groups.flatMap((group) => group.split(/\s+/)))].filter((name) => name !== '').sort();
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures: [...(SECCOMP_ARCHITECTURES[architecture] ?? [])],
    syscalls: [
      { names, action: 'SCMP_ACT_ALLOW' },
      ...PERSONALITIES.map((value) => allowIf('personality', 'SCMP_CMP_EQ', value)),
      ...socketRules(),
      ...(capabilities.has('CAP_SYS_ADMIN') ? [] : cloneRules(architecture)),
    ],
  };
}

/** Every family but the refused two: below, between and above them. */
function socketRules(): LinuxSyscall[] {
  return [
    allowIf('socket', 'SCMP_CMP_LT', AF_ALG),
    allowIf('socket', 'SCMP_CMP_EQ', AF_ALG + 1),
    allowIf('socket', 'SCMP_CMP_GT', AF_VSOCK),
  ];
}

/**
 * clone without namespaces. clone3 passes its flags in memory, where no filter can read them: ENOSYS sends the C library
 * back to clone.
 */
function cloneRules(architecture: string): LinuxSyscall[] {
  const index = architecture === 's390x' ? 1 : 0;
  return [
    {
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index, value: CLONE_NAMESPACE_FLAGS, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    },
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}

function allowIf(name: string, op: 'SCMP_CMP_EQ' | 'SCMP_CMP_LT' | 'SCMP_CMP_GT', value: number): LinuxSyscall {
  return { names: [name], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value, op }] };
}
