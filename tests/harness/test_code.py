"""The digest of the code that trains moves with what a step can depend on, with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.harness.code import TRAINS, code_digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name in ("harness/running/loop.py", "algorithms/samplers/dps.py", "results/runs.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("one = 1\n")
    return tmp_path


def test_another_line_another_name_and_another_file_are_other_code(package: Path) -> None:
    seen = {code_digest(package)}
    (package / "harness/running/loop.py").write_text("one = 2\n")
    seen.add(code_digest(package))
    (package / "harness/running/loop.py").rename(package / "harness/running/round.py")
    seen.add(code_digest(package))
    (package / "algorithms/samplers/new.py").write_text("")
    seen.add(code_digest(package))
    assert len(seen) == 4


def test_what_only_reads_results_is_not_looked_at(package: Path) -> None:
    before = code_digest(package)
    (package / "results/runs.py").write_text("one = 2\n")
    (package / "harness/running/notes.txt").write_text("none of it")
    assert code_digest(package) == before


def test_every_room_that_trains_is_there() -> None:
    import srpo_bench

    root = Path(srpo_bench.__file__).parent
    assert all((root / room).is_file() or list((root / room).glob("*.py")) for room in TRAINS)
    assert code_digest() == code_digest(root)


@pytest.mark.parametrize("file", ["config", "environment", "streams"])
def test_what_rewards_weigh_and_seeds_draw_is_code_that_trains(package: Path, file: str) -> None:
    before = code_digest(package)
    (package / f"harness/{file}.py").write_text("one = 2\n")
    assert code_digest(package) != before
