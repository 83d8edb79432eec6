"""How well this machine can lock a program up, and the command that does it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

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
_SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
_DEVICES = ("/dev/null", "/dev/zero")
_PACKAGES = ("numpy",)
"""Third-party packages that a program may import where they are installed."""
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
    command = [*_bubblewrap(program), "--", _python(), "-S", "-c", ""]
    try:
        probe = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not start ({type(error).__name__})"
    if probe.returncode == 0:
        return None
    return f"bubblewrap is refused here ({probe.stderr.strip()[:120] or probe.returncode})"


def _python() -> str:
    return str(Path(sys.executable).resolve())


def _package_paths() -> list[Path]:
    """The allowed packages' folders, with the folders of shared libraries beside them."""
    paths = []
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations or []) if spec else []:
            libraries = Path(place).with_name(f"{name}.libs")
            paths += [Path(place), *([libraries] if libraries.is_dir() else [])]
    return paths


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
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            command += ["--ro-bind", str(path), str(path)]
    prefix = Path(sys.base_prefix)
    if not prefix.is_relative_to("/usr"):
        for parent in prefix.parents[-2::-1]:  # bubblewrap itself makes them root's alone
            command += ["--dir", str(parent)]
        command += ["--ro-bind", str(prefix), str(prefix)]
    for folder in ("/dev", "/code", "/packages"):
        command += ["--dir", folder]
    for device in _DEVICES:
        command += ["--dev-bind", device, device]
    for package in _package_paths():
        command += ["--ro-bind", str(package), f"/packages/{package.name}"]
    command += ["--ro-bind", str(_inside()), "/code/inside", "--perms", "1777"]
    command += ["--size", str(_TMPFS_BYTES), "--tmpfs", "/tmp", "--remount-ro", "/"]
    return [*command, "--chdir", "/tmp"]


def _inside() -> Path:
    return Path(__file__).parent / "inside"


def launch(mode: Mode, scratch: str | None = None) -> tuple[list[str], dict[str, Any]]:
    """The command that starts a zygote in ``mode``, and the settings it wants as last argument.

    ``scratch``: the folder that programs may write to where they have no file system of their own.
    """
    packages = _package_paths()
    readable: list[tuple[str, int]]
    reads = confine.READ_FILE | confine.READ_DIR
    if mode == "bubblewrap":
        command = [*_bubblewrap(shutil.which("bwrap") or "bwrap"), "--"]
        code_path, package_paths, writable = "/code", ["/packages"], ["/tmp"]
        readable = [("/packages", reads)]
    else:
        command, code_path, writable = [], str(_inside().parent), [scratch] if scratch else []
        package_paths = sorted({str(path.parent) for path in packages})
        # the folder's names may be listed, of its packages only these read
        readable = [(path, confine.READ_DIR) for path in package_paths]
        readable += [(str(path), reads) for path in packages]
    prefixes = {sys.base_prefix, sysconfig.get_paths()["stdlib"], *_SYSTEM}
    readable += [(path, reads) for path in sorted(prefixes)]
    readable += [(path, confine.READ_FILE | confine.WRITE_FILE) for path in _DEVICES]
    # no hooks at forks: ``random`` would seed itself anew in every program, and none could be
    # repeated
    start = (
        "import os, sys; os.register_at_fork = lambda **hooks: None; "
        f"sys.path.append({code_path!r}); from inside.zygote import main; main()"
    )
    command += [_python(), "-s", "-S", "-P", "-c", start]
    return command, {
        "code_path": code_path,
        "packages": package_paths,
        "landlock": confine.landlock_abi() if mode != "unsafe" else 0,
        "readable": readable,
        "writable": writable,
        "unbounded": scratch is not None,
        "user": user(mode),
    }


def user(mode: Mode) -> str:
    """Who programs are: root becomes nobody where nobody can still read Python's own files."""
    if os.geteuid() != 0:
        return "same"
    if mode == "bubblewrap":
        return "nobody"
    if mode == "unsafe":
        return "same"
    folders = [Path(sys.base_prefix), *Path(sys.base_prefix).parents]
    reachable = all(folder.stat().st_mode & 0o001 for folder in folders)
    return "nobody" if reachable else "powerless root"
