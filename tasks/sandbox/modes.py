"""How well this machine can lock a program up, and the command that does it."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from srpo_bench.tasks.sandbox import readable
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.seccomp import filter_program

Mode = Literal["bubblewrap", "landlock", "unsafe", "none"]
OPT_IN = "BENCH_SANDBOX"
"""Set to ``unsafe``, it lets code run with no protection but time and memory limits."""
ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # or the order of a set would differ from worker to worker
    "LD_BIND_NOW": "1",  # or every program would resolve the same symbols again
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",  # or each thread would reserve 64 MiB of a program's memory
    "LC_ALL": "C.UTF-8",
}
"""All that a sandbox sees of its environment."""
_DEVICES = ("/dev/null", "/dev/zero")
_READS = confine.READ_FILE | confine.READ_DIR
_TMPFS_BYTES = 64 << 20
_MOST_TASKS = 4096
"""Processes and threads that a sandbox may have: a thread costs the machine a number, of which
there may be no more than 32,768, even where it costs no memory of its own."""
_UNUSED = 0x7F000000
"""The first of 16 million numbers that no system gives to its users (systemd's UIDS-GIDS)."""
_PROBE_SECONDS = 10


@dataclass(frozen=True)
class Isolation:
    """The mode that untrusted code runs in here, and in one sentence why."""

    mode: Mode
    why: str

    @property
    def usable(self) -> bool:
        """True when programs can be graded on this machine."""
        return self.mode != "none"


@cache
def isolation() -> Isolation:
    """The strongest isolation this machine grants; ``BENCH_SANDBOX=unsafe`` accepts none."""
    if sys.platform != "linux":
        return Isolation("none", "code is graded on Linux only: no other system has the sandbox.")
    if filter_program() is None:
        lack = "the library libseccomp.so.2 is missing (install the package libseccomp2)"
        return _weakest(lack)
    if not confine.knows_seccomp():
        return _weakest("the kernel takes no list of system calls (seccomp)")
    refusal = _bubblewrap_refusal()
    if refusal is None:
        return Isolation("bubblewrap", "bubblewrap starts, with seccomp and Landlock on top.")
    if confine.landlock_abi() > 0:
        return Isolation("landlock", f"{refusal}; Landlock and seccomp take its place.")
    return _weakest(f"{refusal}, and the kernel has no Landlock")


def _weakest(lack: str) -> Isolation:
    if os.environ.get(OPT_IN) == "unsafe":
        return Isolation("unsafe", f"NO ISOLATION: {lack}, and {OPT_IN}=unsafe accepts that.")
    return Isolation(
        "none",
        f"no acceptable sandbox: {lack}. Install bubblewrap and libseccomp2, leave the code tasks "
        f"out, or set {OPT_IN}=unsafe to run model-written code unprotected.",
    )


def _bubblewrap_refusal() -> str | None:
    """None when bubblewrap works here, else what stands in its way."""
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed"
    command = [*_bubblewrap(program), "--", str(readable.python()), "-S", "-c", ""]
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start ({type(error).__name__})"
    if probe.returncode == 0:
        return None
    return f"bubblewrap is refused here ({probe.stderr.strip()[:120] or probe.returncode})"


def _bubblewrap(program: str) -> list[str]:
    """bubblewrap with nothing in sight but the system, Python and an empty /tmp of its own."""
    command = [program, "--die-with-parent", "--as-pid-1", "--new-session", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--cap-drop", "ALL"]
    if os.geteuid() == 0:  # a user namespace would keep us root outside; nobody is weaker
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user"]
    command += _system()
    for folder in ("/dev", "/code", "/packages"):
        command += ["--dir", folder]
    for device in _DEVICES:
        command += ["--dev-bind", device, device]
    for path in readable.with_libraries(readable.packages().values()):
        command += ["--ro-bind", str(path), f"/packages/{path.name}"]
    command += ["--ro-bind", str(_inside()), "/code/inside", "--perms", "1777"]
    command += ["--size", str(_TMPFS_BYTES), "--tmpfs", "/tmp", "--remount-ro", "/"]
    return [*command, "--chdir", "/tmp"]


def _system() -> list[str]:
    """The arguments that show Python and the system's libraries."""
    command = []
    shown: set[Path] = set()
    for place in readable.system():
        for parent in place.parents[-2::-1]:  # bubblewrap itself makes them root's alone
            command += [] if parent in shown else ["--dir", str(parent)]
            shown.add(parent)
        if place.is_symlink():
            command += ["--symlink", str(place.readlink()), str(place)]
        else:
            command += ["--ro-bind", str(place), str(place)]
    for folder in readable.hidden():
        command += ["--perms", "0555", "--tmpfs", str(folder), "--remount-ro", str(folder)]
    return command


def _inside() -> Path:
    return Path(__file__).parent / "inside"


def launch(
    mode: Mode, number: int | None = None, scratch: str | None = None
) -> tuple[list[str], dict[str, Any]]:
    """The command that starts a zygote in ``mode``, and the settings it wants as last argument.

    ``number``: the user that programs are, where it is another (``user``).
    ``scratch``: the folder that programs may write to where they have no file system of their own.
    """
    packages = readable.packages()
    if mode == "bubblewrap":
        command = [*_bubblewrap(shutil.which("bwrap") or "bwrap"), "--"]
        code_path, writable = "/code", ["/tmp"]
        packages = {name: Path("/packages") / name for name in packages}
        rules = [(path, _READS) for path in (*readable.system(), Path("/packages"))]
    else:
        command, code_path, writable = [], str(_inside().parent), [scratch] if scratch else []
        rules = [(path, _READS) for path in readable.with_libraries(packages.values())]
        rules += _system_rules()
    rules += [(path, confine.READ_FILE | confine.WRITE_FILE) for path in map(Path, _DEVICES)]
    # no hooks at forks: ``random`` would seed itself anew in every program, and none could be
    # repeated
    start = (
        "import os, sys; os.register_at_fork = lambda **hooks: None; "
        f"sys.path.append({code_path!r}); from inside.zygote import main; main()"
    )
    command += [str(readable.python()), "-s", "-S", "-P", "-c", start]
    return command, {
        "code_path": code_path,
        "packages": {name: str(path) for name, path in packages.items()},
        "landlock": confine.landlock_abi() if mode != "unsafe" else 0,
        "readable": [(str(path), rights) for path, rights in rules],
        "writable": writable,
        "unbounded": scratch is not None,
        "number": number,
        "powerless": number is None and user(mode) == "powerless root",
        "tasks": _most_tasks(mode, number),
    }


def _system_rules() -> list[tuple[Path, int]]:
    """What Landlock lets through of the system, where nothing can be hidden but by not being named.
    Names may be listed all the same: Python looks for its modules so."""
    rules = []
    hidden = readable.hidden()
    for place in {place.resolve() for place in readable.system()}:
        rules += [(path, _READS) for path in readable.without(place, hidden)]
        rules += [(place, confine.READ_DIR)] if place.is_dir() else []
    return rules


def _most_tasks(mode: Mode, number: int | None) -> int:
    """How many processes and threads the kernel lets a sandbox have; 0 for no limit. It counts them
    by user, root's not at all: a user who has others is not limited, or one program would use up
    what another needs. bubblewrap's own namespace is counted apart (not before Linux 5.14).
    """
    if number is not None and number >= _UNUSED:
        return confine.at_most(resource.RLIMIT_NPROC, _MOST_TASKS)
    if user(mode) == "same" and mode == "bubblewrap":
        return confine.at_most(resource.RLIMIT_NPROC, _tasks() + _MOST_TASKS)
    return 0


def _tasks() -> int:
    """Processes and threads that this user has already, by the kernel's /proc."""
    tasks = 0
    for process in Path("/proc").glob("[0-9]*/task"):
        with suppress(OSError):  # gone meanwhile
            found = process.stat()
            tasks += (found.st_uid == os.geteuid()) * (found.st_nlink - 2)
    return tasks


def user(mode: Mode) -> str:
    """Who programs are: root becomes nobody where nobody can still read Python and its packages."""
    if os.geteuid() != 0:
        return "same"
    if mode == "bubblewrap":
        return "nobody"
    if mode == "unsafe":
        return "same"
    places = [p.resolve() for p in (Path(sys.base_prefix), *readable.packages().values())]
    folders = {folder for place in places for folder in (place, *place.parents)}
    reachable = all(folder.stat().st_mode & 0o001 for folder in folders)
    return "nobody" if reachable else "powerless root"


def a_number() -> int:
    """A user for one sandbox alone, whose files and threads are nobody else's. Where there are no
    such numbers, as in some containers, it is the one user called nobody."""
    number = _UNUSED + int.from_bytes(os.urandom(3), "big")
    known = all(_is_known(number, Path(f"/proc/self/{kind}_map")) for kind in ("uid", "gid"))
    return number if known else confine.NOBODY


def _is_known(number: int, ranges: Path) -> bool:
    """Whether a number is in a table of the kernel's: first within, first without, how many."""
    try:
        rows = [[int(field) for field in line.split()] for line in ranges.read_text().splitlines()]
    except OSError:
        return False
    return any(first <= number < first + count for first, _, count in rows)
