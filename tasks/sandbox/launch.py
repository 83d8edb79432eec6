"""The command that starts a sandbox, and what it is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from srpo_bench.tasks.sandbox import readable
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.modes import CODE, DEVICES, Mode, bubblewrap
from srpo_bench.tasks.sandbox.users import most_tasks, user

_READS = confine.READ_FILE | confine.READ_DIR


def launch(
    mode: Mode, number: int | None = None, scratch: str | None = None
) -> tuple[list[str], dict[str, Any]]:
    """The command that starts a zygote in ``mode``, and the settings it wants as last argument.

    ``number``: the user that programs are, where it is another (``user``).
    ``scratch``: the folder that programs may write to where they have no file system of their own.
    """
    packages = readable.packages()
    if mode == "bubblewrap":
        command = [*bubblewrap(shutil.which("bwrap") or "bwrap"), "--"]
        code_path, writable = "/code", ["/tmp"]
        packages = {name: Path("/packages") / name for name in packages}
        rules = [(path, _READS) for path in (*readable.system(), Path("/packages"))]
    else:
        command, code_path, writable = [], str(CODE.parent), [scratch] if scratch else []
        rules = [(path, _READS) for path in readable.with_libraries(packages.values())]
        rules += _system_rules()
    rules += [(path, confine.READ_FILE | confine.WRITE_FILE) for path in map(Path, DEVICES)]
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
        "tasks": most_tasks(mode, number),
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
