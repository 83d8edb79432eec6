from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from srpo_bench.tasks.sandbox import Limits, Sandbox, isolation
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.modes import Mode
from srpo_bench.tasks.sandbox.seccomp import filter_program

SMALL = Limits(cpu_seconds=0.3, wall_seconds=2.0, memory=256 << 20)
OLDEST = 1
"""Landlock of Linux 5.13: it knows neither truncation, nor sockets, nor signals."""


def modes() -> list[Mode]:
    """The protected modes that this machine has."""
    found: list[Mode] = ["bubblewrap"] if isolation().mode == "bubblewrap" else []
    if confine.landlock_abi() and filter_program():
        found.append("landlock")
    return found


@pytest.fixture(scope="module", params=["bubblewrap", "landlock", "landlock of an old kernel"])
def isolated(request: pytest.FixtureRequest) -> Iterator[Mode]:
    """A mode that this machine has; an old kernel is one that is asked for its first Landlock."""
    mode, _, old = request.param.partition(" of ")
    if mode not in modes():
        pytest.skip(f"this machine has no {mode} isolation")
    with pytest.MonkeyPatch.context() as patch:
        if old:
            patch.setattr(confine, "landlock_abi", lambda: OLDEST)
        yield mode


@pytest.fixture(scope="module")
def sandbox(isolated: Mode) -> Iterator[Sandbox]:
    with Sandbox(workers=1, limits=SMALL, mode=isolated) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def roomy(isolated: Mode) -> Iterator[Sandbox]:
    """With the limits that tasks use."""
    with Sandbox(workers=1, mode=isolated) as sandbox:
        yield sandbox


@contextmanager
def folder_open_to_all(parent: str) -> Iterator[Path]:
    """pytest keeps its own folders to itself."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    with folder_open_to_all("/var/tmp") as folder:
        yield folder


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary"
    path.write_text("secret")
    return path


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])
