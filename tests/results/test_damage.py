"""Damage to any file of a finished comparison: one sentence, and never a verdict from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.report import write_report
from srpo_bench.results.runs import read, samples
from srpo_bench.results.seal import SEAL, SEALED, seal
from srpo_bench.results.store import ResultsError, append_line, write_json
from tests.examples import examples
from tests.results.synthetic import write

IN_RUN = (*SEALED, SEAL, "status.json")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two arms, two seeds, with every file that a run can have, and sealed."""
    folder = tmp_path_factory.mktemp("damage") / "whole"
    write(folder, seeds=2, steps=20)
    for run in folder.glob("*/seed-*"):
        append_line(run / "samples.jsonl", {"step": 1, "response": "42", "outcome": "correct"})
        write_json(run / "final.json", {"step": 9, "tasks": {}})
        seal(run)
    seal(folder, ["comparison.json"])
    return folder


def read_all(folder: Path) -> object:
    """All that a verdict could come of."""
    comparison = read(folder)
    return (
        comparison.plan,
        [
            (r.name, r.state, r.manifest, r.evals.accuracy.tolist(), r.totals)
            for r in comparison.runs
        ],
        [list(samples(run)) for run in comparison.runs],
    )


def damaged(content: bytes, how: str, at: float, byte: int) -> bytes:
    place = int(at * len(content))
    match how:
        case "cut":
            return content[:place]
        case "zeroes":
            return content[:place] + bytes(min(512, len(content) - place)) + content[place + 512 :]
        case "byte":
            return content[:place] + bytes([byte]) + content[place + 1 :]
        case "twice":
            return content + content[place:]
        case _:
            return content[place:]


@examples(300, HealthCheck.function_scoped_fixture)
@given(
    name=st.sampled_from(["comparison.json", SEAL, *(f"grpo/seed-1/{n}" for n in IN_RUN)]),
    how=st.sampled_from(["cut", "zeroes", "byte", "twice", "headless"]),
    at=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
)
def test_damage_is_told_or_changes_nothing(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, name: str, how: str, at: float, byte: int
) -> None:
    copy = tmp_path_factory.mktemp("copy") / "c"
    shutil.copytree(whole, copy)
    file = copy / name
    file.write_bytes(damaged(file.read_bytes(), how, at, byte))
    told = ""
    try:
        found = read_all(copy)
    except ResultsError as error:
        told = str(error)
    shutil.rmtree(copy)
    if told:
        assert told.startswith(str(copy))
        assert "\n" not in told
    else:
        assert found == read_all(whole)


@pytest.mark.parametrize("name", ["comparison.json", *(f"grpo/seed-1/{n}" for n in SEALED)])
def test_a_file_that_is_gone_is_told(whole: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(whole, tmp_path / "c")
    (tmp_path / "c" / name).unlink()
    with pytest.raises(ResultsError, match=name.rpartition("/")[2]):
        read_all(tmp_path / "c")


@pytest.mark.parametrize("command", [write_report, verify])
def test_no_verdict_comes_from_a_changed_number(
    whole: Path, tmp_path: Path, command: Callable[[Path], object]
) -> None:
    shutil.copytree(whole, tmp_path / "c")
    file = tmp_path / "c" / "srpo" / "seed-1" / "evals.jsonl"
    text = file.read_text()
    place = text.index('"accuracy":') + len('"accuracy":') + 4
    file.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
    with pytest.raises(ResultsError, match="is not as it was when it was finished"):
        command(tmp_path / "c")


def test_a_plan_that_is_empty_is_told_and_never_a_crash_of_the_page(
    whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "c"
    shutil.copytree(whole, folder)
    (folder / "comparison.json").write_text("{}")
    (folder / SEAL).unlink()
    with pytest.raises(ResultsError, match="names no arms, so it is no comparison's record"):
        write_report(folder)
    assert not (folder / "report").exists()
