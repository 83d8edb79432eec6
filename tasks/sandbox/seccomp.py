"""The system calls an untrusted program may make, as a BPF filter built by libseccomp.

An allow-list: what computes, reads open-able files, keeps time and runs threads of its own. There
is no fork, no exec, no signal to others (by ``kill``, or by ``fcntl`` when a file is ready), no
network, no datagram to a socket outside, no ptrace, no mount, no change of any file's owner or
mode, and nothing that a later kernel adds. Nor does it rely on Landlock, whose older versions leave
doors open: before Linux 6.2 a file opened for reading could be cut to nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache

_ALLOWED = """
read readv pread64 write writev pwrite64 lseek close dup dup2 dup3 flock fsync fdatasync
creat stat lstat fstat newfstatat statx statfs fstatfs access faccessat
faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir ftruncate fallocate
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 symlink symlinkat umask
mmap mremap munmap mprotect madvise brk membarrier mincore
pipe pipe2 getsockname getpeername getsockopt setsockopt shutdown
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
futex set_robust_list get_robust_list rseq sched_yield sched_getaffinity set_tid_address
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending rt_sigtimedwait sigaltstack
restart_syscall pause alarm setitimer getitimer nanosleep clock_nanosleep clock_gettime
clock_getres gettimeofday time times getrusage getrlimit sysinfo uname getrandom getcpu
getpid getppid gettid getuid geteuid getgid getegid getgroups getresuid getresgid getpgrp getpgid
getsid arch_prctl exit exit_group
"""

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EQUAL, _MASKED_EQUAL = 4, 7
_CLONE_THREAD = 0x00010000
_OPTIMISE = 8
_FILE_COMMANDS = (*range(8), 1030, 1032)
"""Of fcntl: F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW,
F_DUPFD_CLOEXEC, F_GETPIPE_SZ. No F_SETOWN, F_SETSIG, F_NOTIFY or F_SETLEASE: they send signals."""
_AF_UNIX, _MSG_OOB = 1, 1
_HARMLESS_IOCTLS = (0x5401, 0x5421, 0x5450, 0x5451)  # TCGETS, FIONBIO, FIONCLEX, FIOCLEX


class _Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


@cache
def filter_program() -> bytes | None:
    """The filter as BPF instructions for this machine, None where libseccomp is missing."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ERRNO | errno.EPERM)))

    def add(name: str, action: int = _ALLOW, *conditions: _Comparison) -> None:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # this architecture has no such call
            return
        array = (_Comparison * len(conditions))(*conditions)
        result = library.seccomp_rule_add_array(
            context, ctypes.c_uint32(action), number, len(conditions), array
        )
        if result != 0:
            raise OSError(-result, f"seccomp rule for {name}: {os.strerror(-result)}")

    for name in _ALLOWED.split():
        add(name)
    add("clone", _ALLOW, _Comparison(0, _MASKED_EQUAL, _CLONE_THREAD, _CLONE_THREAD))
    add("clone3", _ERRNO | errno.ENOSYS)  # its flags cannot be seen; libc then tries clone
    add("prlimit64", _ALLOW, _Comparison(0, _EQUAL, 0))  # one's own limits only
    for request in _HARMLESS_IOCTLS:
        add("ioctl", _ALLOW, _Comparison(1, _EQUAL, request))
    for command in _FILE_COMMANDS:
        add("fcntl", _ALLOW, _Comparison(1, _EQUAL, command))
    add("socketpair", _ALLOW, _Comparison(0, _EQUAL, _AF_UNIX))
    in_order = _Comparison(3, _MASKED_EQUAL, _MSG_OOB, 0)
    add("sendto", _ALLOW, in_order, _Comparison(4, _EQUAL, 0))  # to the other end, not an address
    add("recvfrom", _ALLOW, in_order)
    for name, flags in (("open", 1), ("openat", 2)):  # O_TRUNC with the right to write only
        add(name, _ALLOW, _Comparison(flags, _MASKED_EQUAL, os.O_TRUNC, 0))
        for access in (os.O_WRONLY, os.O_RDWR):
            add(name, _ALLOW, _Comparison(flags, _MASKED_EQUAL, os.O_ACCMODE, access))
    add("openat2", _ERRNO | errno.ENOSYS)  # its flags cannot be seen; libc then takes openat
    library.seccomp_attr_set(context, _OPTIMISE, ctypes.c_uint32(2))
    try:
        return _export(library, context)
    finally:
        library.seccomp_release(context)


def _export(library: ctypes.CDLL, context: ctypes.c_void_p) -> bytes:
    descriptor = os.memfd_create("seccomp")
    with os.fdopen(descriptor, "r+b") as file:
        result = library.seccomp_export_bpf(context, descriptor)
        if result != 0:
            raise OSError(-result, f"seccomp filter: {os.strerror(-result)}")
        file.seek(0)
        return file.read()
