"""Giving up rights, step by step: user, capabilities, files (Landlock), system calls (seccomp).

Each function changes the calling process for good and raises OSError where the kernel refuses, so
that nothing untrusted runs with more rights than were meant.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import stat
import struct
from collections.abc import Callable, Sequence

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP = 1, 4, 22
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522
NOBODY = 65534
"""Who programs are where root can become somebody weaker, but nobody of their own."""

# include/uapi/linux/landlock.h; the system call numbers are the same on every architecture
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_RULE_PATH_BENEATH = 1
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
_FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_RIGHTS, _SCOPES = 0b11, 0b11


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def _prctl(option: int, *arguments: int) -> None:
    values = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *values), f"prctl({option})")


def die_with_parent() -> None:
    """Be killed when the parent dies, and leave no memory for others to read."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)


def become(number: int) -> None:
    """From root to the user of that number, for good."""
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)


def drop_capabilities() -> None:
    """Root without any of root's powers (it keeps root's files)."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(capability), 0, 0, 0) != 0:
            break
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")


def limit(memory: int, file_size: int, open_files: int) -> None:
    """Hard limits in bytes (and a count) on every process that is forked from here."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_STACK, 16 << 20),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, 2 * (at_most(kind, value),))


def at_most(kind: int, value: int) -> int:
    """``value``, or the limit that this process has already, where that is less."""
    _, hard = resource.getrlimit(kind)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def knows_seccomp() -> bool:
    """Whether the kernel takes a list of system calls: without one to read it says EFAULT."""
    refused = _libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), None, None, None)
    return refused < 0 and ctypes.get_errno() == errno.EFAULT


def no_new_privileges() -> None:
    """No set-uid program gives rights back; needed by Landlock and seccomp."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def landlock_abi() -> int:
    """The kernel's Landlock version, 0 for none."""
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def landlock(abi: int, rules: Sequence[tuple[str, int]], writable: Sequence[str]) -> None:
    """Leave only these files within reach: ``rules`` are (path, rights), ``abi`` the kernel's
    version."""
    rights = max(value for version, value in _FILE_RIGHTS_BY_ABI.items() if version <= abi)
    attributes = struct.pack("=QQQ", rights, _NET_RIGHTS * (abi >= 4), _SCOPES * (abi >= 6))
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = _checked(
        _libc.syscall(_LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0),
        "landlock_create_ruleset",
    )
    for path, wanted in [*rules, *((path, rights & ~1) for path in writable)]:  # all but execute
        if not os.path.lexists(path):
            continue
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            wanted &= READ_FILE | WRITE_FILE
        beneath = struct.pack("=Qi", wanted & rights, parent)
        _checked(
            _libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, beneath, 0),
            "landlock_add_rule",
        )
        os.close(parent)
    _checked(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
    os.close(ruleset)


def seccomp(program: bytes) -> Callable[[], None]:
    """A call that leaves a process only what the BPF ``program`` allows, and ties it to its parent.

    Everything is laid out beforehand, so that a fresh fork need touch little memory.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    layout = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    filter_program = ctypes.create_string_buffer(layout, len(layout))
    prctl, zero = _libc.prctl, ctypes.c_ulong(0)
    die = (_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), zero, zero, zero)
    filtering = (
        _PR_SET_SECCOMP,
        ctypes.c_ulong(_SECCOMP_MODE_FILTER),
        ctypes.c_ulong(ctypes.addressof(filter_program)),
        zero,
        zero,
    )

    def seal(_keep_alive: object = (buffer, filter_program)) -> None:
        _checked(prctl(*die), "prctl")
        if program:
            _checked(prctl(*filtering), "seccomp")

    return seal
