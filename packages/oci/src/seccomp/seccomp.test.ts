import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL_CAPABILITIES, DEFAULT_CAPABILITIES } from '../defaults/capabilities.ts';
import { serialiseRuntimeSpec } from '../runtime-spec-json.ts';
import type { LinuxSeccomp } from '../runtime-spec-seccomp.ts';
import { resolveSeccompProfile } from './custom-profile.ts';
import { defaultSeccomp } from './default-profile.ts';

const HOST = { capabilities: DEFAULT_CAPABILITIES, architecture: 'amd64', kernelRelease: '6.1.0-1' };

/** Names that are allowed whatever the arguments. */
function open(profile: LinuxSeccomp): Set<string> {
  const rules = (profile.syscalls ?? []).filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args);
  return new Set(rules.flatMap(({ names }) => names));
}

test('the default profile refuses what reaches beyond a container', () => {
  const allowed = open(defaultSeccomp(HOST));
  const refused = `add_key bpf clone clone3 create_module delete_module finit_module fsmount init_module io_uring_enter io_uring_register
    io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mount mount_setattr move_mount move_pages
    nfsservctl open_by_handle_at open_tree perf_event_open personality pivot_root process_madvise quotactl reboot request_key
    setns settimeofday socket stime swapoff swapon syslog umount2 unshare userfaultfd vhangup vm86`;
  for (const name of refused.split(/\s+/)) assert.ok(!allowed.has(name), name);
  for (const name of ['read', 'execve', 'futex', 'ptrace', 'arch_prctl', 'chroot']) assert.ok(allowed.has(name), name);
});

test('capabilities, architecture and kernel open what belongs to them', () => {
  const privileged = open(defaultSeccomp({ ...HOST, capabilities: ALL_CAPABILITIES }));
  for (const name of ['mount', 'clone3', 'bpf', 'reboot']) assert.ok(privileged.has(name), name);
  assert.ok(!open(defaultSeccomp({ ...HOST, capabilities: [] })).has('chroot'));
  assert.ok(!open(defaultSeccomp({ ...HOST, kernelRelease: '4.4.0' })).has('ptrace'));
  const arm = defaultSeccomp({ ...HOST, architecture: 'arm64' });
  assert.deepEqual(arm.architectures, ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']);
  assert.ok(open(arm).has('cacheflush') && !open(arm).has('arch_prctl'));
});

test('clone3 says ENOSYS, and sockets of AF_ALG and AF_VSOCK fit no rule', () => {
  const rules = defaultSeccomp(HOST).syscalls ?? [];
  assert.deepEqual(
    rules.find(({ names }) => names.includes('clone3')),
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
  );
  const fits = (family: number): boolean =>
    rules.some(({ names, args }) => {
      const { op, value = 0 } = args?.[0] ?? {};
      if (!names.includes('socket')) return false;
      return op === 'SCMP_CMP_LT'
        ? family < value
        : op === 'SCMP_CMP_EQ'
          ? BigInt(family) === BigInt(value)
          : family > value;
    });
  assert.deepEqual(
    [1, 2, 10, 16, 17, 38, 39, 40, 41].filter((family) => !fits(family)),
    [38, 40],
  );
});

test('a custom profile is resolved for the container, 64-bit values kept exact', () => {
  const profile = resolveSeccompProfile(
    `{"defaultAction":"SCMP_ACT_ERRNO","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],
      "syscalls":[{"name":"read","action":"SCMP_ACT_ALLOW","args":null},
        {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
        {"names":["open"],"action":"SCMP_ACT_ALLOW","excludes":{"arches":["amd64"]}},
        {"names":["ptrace"],"action":"SCMP_ACT_LOG","includes":{"minKernel":"4.8"}},
        {"names":["prctl"],"action":"SCMP_ACT_ERRNO","errnoRet":38,
          "args":[{"index":1,"value":18446744073709551615,"op":"SCMP_CMP_EQ"}]}]}`,
    HOST,
  );
  assert.deepEqual(profile.architectures, ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86']);
  assert.deepEqual(
    profile.syscalls?.map(({ names }) => names[0]),
    ['read', 'ptrace', 'prctl'],
  );
  assert.match(
    serialiseRuntimeSpec({ ociVersion: '1.0.2', linux: { seccomp: profile } }),
    /"value":18446744073709551615,/,
  );
});

test('faulty custom profiles are refused', () => {
  const faulty: [RegExp, string][] = [
    [/not valid JSON/, '{'],
    [/defaultAction must be a string/, '{}'],
    [/expected one of/, '{"defaultAction":"ALLOW"}'],
    [
      /use either/,
      '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86"}]}',
    ],
    [
      /use either/,
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","names":["b"],"action":"SCMP_ACT_ALLOW"}]}',
    ],
    [
      /must be 0 to 5/,
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"a","action":"SCMP_ACT_LOG","args":[{"index":6}]}]}',
    ],
    [
      /cannot be a system call/,
      '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"name":"A B","action":"SCMP_ACT_LOG"}]}',
    ],
  ];
  for (const [reason, text] of faulty) assert.throws(() => resolveSeccompProfile(text, HOST), reason);
});
