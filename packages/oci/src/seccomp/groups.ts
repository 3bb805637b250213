/** System calls that every container may make, by what they are for. Whatever no group names is refused with EPERM. */
export const ALWAYS_ALLOWED: Readonly<Record<string, string>> = {
  filesReadAndWrite: `access close close_range creat dup dup2 dup3 faccessat faccessat2 fcntl fcntl64 flock _llseek lseek open
    openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readv write writev copy_file_range ioctl`,
  filesMoveInBulk: `fadvise64 fadvise64_64 fallocate fdatasync fsync ftruncate ftruncate64 readahead sendfile sendfile64 splice
    sync sync_file_range syncfs tee truncate truncate64 vmsplice`,
  filesMetadata: `chmod chown chown32 fchmod fchmodat fchmodat2 fchown fchown32 fchownat fstat fstat64 fstatat64 fstatfs
    fstatfs64 futimesat lchown lchown32 lstat lstat64 newfstatat stat stat64 statfs statfs64 statx umask utime utimensat
    utimensat_time64 utimes`,
  /** mknod is bounded by CAP_MKNOD and the device cgroup. name_to_handle_at gives a handle, but none can be opened by it. */
  filesNames: `chdir fchdir getcwd getdents getdents64 link linkat mkdir mkdirat mknod mknodat name_to_handle_at readlink
    readlinkat rename renameat renameat2 rmdir symlink symlinkat unlink unlinkat`,
  extendedAttributes: `fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr
    lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat`,
  /** They describe only mounts that the caller can see. */
  mountInformation: 'listmount statmount',
  fileWatching: 'fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch',
  waitingForEvents: `epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old
    eventfd eventfd2 _newselect pipe pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4`,
  /** Not io_uring: its operations go round this very filter. */
  asynchronousIo: 'io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit',
  /** Creating sockets has its own rules, by address family; socketcall is the 32-bit x86 door to the same. */
  sockets: `accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg
    send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair`,
  memory: `brk cachestat get_thread_area madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2
    mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
    remap_file_pages set_thread_area`,
  interProcess: `ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
    mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget`,
  futexes: `futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list restart_syscall rseq
    set_robust_list`,
  /** clone and clone3 have rules of their own, so that no namespace is made. */
  processes: `execve execveat exit exit_group fork getpgid getpgrp getpid getppid getsid gettid pidfd_open pidfd_send_signal
    process_mrelease set_tid_address setpgid setsid vfork wait4 waitid waitpid`,
  signals: `kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn tgkill tkill`,
  credentials: `capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
    getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid
    setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`,
  /** A process may take rights from itself. */
  selfConfinement: 'landlock_add_rule landlock_create_ruleset landlock_restrict_self prctl seccomp',
  scheduling: `getcpu getpriority ioprio_get ioprio_set sched_get_priority_max sched_get_priority_min sched_getaffinity
    sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity
    sched_setattr sched_setparam sched_setscheduler sched_yield setpriority`,
  limitsAndUsage: 'getrlimit getrusage prlimit64 setrlimit sysinfo times ugetrlimit uname',
  /** Setting the clock through adjtimex still wants CAP_SYS_TIME; reading it does not. */
  time: `adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
    clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete
    timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64
    timerfd_settime timerfd_settime64`,
  random: 'getrandom',
  /** Needed by the C library or the kernel's own trampolines; each answers about the caller only. */
  runtimeSupport: 'riscv_hwprobe uretprobe',
};

/** System calls that a capability opens. The kernel checks the capability as well; this keeps its code out of reach before. */
export const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_BPF: 'bpf',
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_PERFMON: 'perf_event_open',
  CAP_SYSLOG: 'syslog',
  CAP_SYS_ADMIN: `bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
    lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname
    setns syslog umount umount2 unshare`,
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module finit_module init_module',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_settime clock_settime64 settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
};

/** System calls that only exist, or are only needed, on one architecture (Go's names). */
export const BY_ARCHITECTURE: Readonly<Record<string, string>> = {
  amd64: 'arch_prctl modify_ldt',
  arm: 'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2',
  arm64: 'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2',
  ppc64le: 'swapcontext sync_file_range2',
  riscv64: 'riscv_flush_icache',
  s390x: 's390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr',
};

/** Tracing one's own children; before Linux 4.8 a tracer could slip out of its filter. */
export const SINCE_LINUX_4_8 = 'process_vm_readv process_vm_writev ptrace';
