"""How well this machine can lock a program up, and bubblewrap's part in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

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
DEVICES = ("/dev/null", "/dev/zero")
CODE = Path(__file__).parent / "inside"
"""What runs within."""
_TMPFS_BYTES = 64 << 20
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
    refusal = _refusal()
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


def _refusal() -> str | None:
    """None when bubblewrap works here, else what stands in its way."""
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap is not installed"
    command = [*bubblewrap(program), "--", str(readable.python()), "-S", "-c", ""]
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start ({type(error).__name__})"
    if probe.returncode == 0:
        return None
    return f"bubblewrap is refused here ({probe.stderr.strip()[:120] or probe.returncode})"


def bubblewrap(program: str) -> list[str]:
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
    # before what is shown of Python, which may itself be somewhere in /tmp
    command += ["--perms", "1777", "--size", str(_TMPFS_BYTES), "--tmpfs", "/tmp"]
    command += _system()
    for folder in ("/dev", "/code", "/packages"):
        command += ["--dir", folder]
    for device in DEVICES:
        command += ["--dev-bind", device, device]
    for path in readable.with_libraries(readable.packages().values()):
        command += ["--ro-bind", str(path), f"/packages/{path.name}"]
    command += ["--ro-bind", str(CODE), "/code/inside", "--remount-ro", "/"]
    return [*command, "--chdir", "/tmp"]


def _system() -> list[str]:
    """The arguments that show Python and the system's libraries."""
    command = []
    shown: set[Path] = set()
    for place in readable.system():
        for parent in place.parents[-2::-1]:  # bubblewrap itself makes them root's alone
            command += [] if parent in shown else ["--perms", "0555", "--dir", str(parent)]
            shown.add(parent)
        if place.is_symlink():
            command += ["--symlink", str(place.readlink()), str(place)]
        else:
            command += ["--ro-bind", str(place), str(place)]
    for folder in readable.hidden():
        command += ["--perms", "0555", "--tmpfs", str(folder), "--remount-ro", str(folder)]
    return command
