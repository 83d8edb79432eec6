"""System calls that must be refused before the kernel looks at their arguments.

Each program makes one call by its number and returns the right answer if and only if the call got
past the filter. Names are looked up in libseccomp, so that the table holds on every architecture.
"""

from __future__ import annotations

import ctypes

_REFUSED = """
kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open pidfd_send_signal pidfd_getfd
ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp
fork vfork execve execveat unshare setns clone3 wait4 waitid
mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr
bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register io_setup io_submit
add_key request_key keyctl shmget shmat shmctl semget semop semctl msgget msgsnd msgctl mq_open
mq_notify memfd_create memfd_secret personality prctl seccomp landlock_create_ruleset
chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat
setxattr lsetxattr fsetxattr removexattr link linkat mknod mknodat truncate openat2
connect bind listen accept accept4 sendmsg sendmmsg recvmsg recvmmsg
name_to_handle_at open_by_handle_at inotify_init1 inotify_add_watch fanotify_init signalfd4
timer_create timerfd_create settimeofday clock_settime clock_adjtime adjtimex
sethostname setdomainname reboot kexec_load kexec_file_load init_module finit_module delete_module
swapon swapoff acct quotactl syslog vhangup sysfs
setpriority sched_setscheduler sched_setparam sched_setaffinity sched_setattr ioprio_set
setpgid setsid setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid capset
migrate_pages move_pages mbind set_mempolicy remap_file_pages mlock mlockall vmsplice tee splice
copy_file_range sendfile readahead fadvise64 iopl ioperm modify_ldt setrlimit lookup_dcookie
"""
_BY_ARGUMENT: dict[str, tuple[str, tuple[int, ...]]] = {
    "clone/process": ("clone", (17,)),
    "clone/user-namespace": ("clone", (0x10000000,)),
    "prlimit64/parent": ("prlimit64", (1,)),
    **{
        f"fcntl/{name}": ("fcntl", (0, command, 1))
        for name, command in {
            "F_SETOWN": 8,
            "F_SETOWN-high-bits": (1 << 32) | 8,
            "F_SETSIG": 10,
            "F_SETSIG-high-bits": (1 << 32) | 10,
            "F_SETOWN_EX": 15,
            "F_SETLEASE": 1024,
            "F_NOTIFY": 1026,
            "F_SETPIPE_SZ": 1031,
            "F_ADD_SEALS": 1033,
            "F_SET_RW_HINT": 1036,
        }.items()
    },
    **{
        f"ioctl/{name}": ("ioctl", (0, request))
        for name, request in {
            "TIOCSTI": 0x5412,
            "TIOCSCTTY": 0x540E,
            "FIOASYNC": 0x5452,
            "FIOSETOWN": 0x8901,
            "SIOCSPGRP": 0x8902,
            "SIOCGIFCONF": 0x8912,
            "FS_IOC_SETFLAGS": 0x40086602,
        }.items()
    },
    **{
        f"socket/{name}": ("socket", (family, 2))
        for name, family in {
            "unix": 1,
            "inet": 2,
            "inet6": 10,
            "netlink": 16,
            "packet": 17,
            "alg": 38,
            "vsock": 40,
            "xdp": 44,
        }.items()
    },
    "socketpair/netlink": ("socketpair", (16, 3, 0, 0)),
    "socketpair/tipc": ("socketpair", (30, 1, 0, 0)),
    "sendto/an-address": ("sendto", (1, 0, 0, 0, 1, 2)),
    "sendto/out-of-band": ("sendto", (1, 0, 0, 1, 0, 0)),
    "recvfrom/out-of-band": ("recvfrom", (0, 0, 0, 1, 0, 0)),
    "open/truncate-while-reading": ("open", (0, 0o1000)),
    "openat/truncate-while-reading": ("openat", (0, 0, 0o1000)),
}
_PROGRAM = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def f(x):
    arguments = [ctypes.c_ulong(n) for n in {arguments}]
    result = libc.syscall(ctypes.c_long({number}), *arguments)
    refused = result == -1 and ctypes.get_errno() in (1, 38)
    return 0 if refused else x * x
"""


def doors() -> dict[str, str]:
    """Programs by the name of their call, those that this architecture has."""
    library = ctypes.CDLL("libseccomp.so.2")
    calls = {name: (name, (0,) * 6) for name in _REFUSED.split()} | _BY_ARGUMENT
    found = {}
    for name, (call, arguments) in calls.items():
        number = library.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:
            code = _PROGRAM.format(number=number, arguments=arguments)
            found[f"door/{name}"] = code
    return found
