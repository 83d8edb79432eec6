from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from srpo_bench.tasks.sandbox import Limits, Sandbox, isolation
from srpo_bench.tasks.sandbox.inside.confine import landlock_abi
from srpo_bench.tasks.sandbox.modes import Mode
from srpo_bench.tasks.sandbox.seccomp import filter_program

SMALL = Limits(cpu_seconds=0.3, wall_seconds=2.0, memory=256 << 20)


def modes() -> list[Mode]:
    """The protected modes that this machine has."""
    found: list[Mode] = ["bubblewrap"] if isolation().mode == "bubblewrap" else []
    if landlock_abi() and filter_program():
        found.append("landlock")
    return found


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    if request.param not in modes():
        pytest.skip(f"this machine has no {request.param} isolation")
    with Sandbox(workers=1, limits=SMALL, mode=request.param) as sandbox:
        yield sandbox


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary"
    path.write_text("secret")
    return path


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])
