"""What a comparison must still have, from its plan and from what lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from srpo_bench.results.runs import read
from srpo_bench.results.seal import check_seal, check_there, seal
from srpo_bench.results.status import status_of
from srpo_bench.results.store import ResultsError

ARMS = [{"arm": "grpo"}, {"arm": "srpo"}]


def manifest(folder: Path, run: str) -> None:
    (folder / run).mkdir(parents=True)
    (folder / run / "manifest.json").touch()


def test_every_planned_run_has_its_manifest(tmp_path: Path) -> None:
    plan = {"config": {}, "arms": ARMS, "seeds": [1, 2]}
    for run in ("grpo/seed-1", "grpo/seed-2", "srpo/seed-1"):
        manifest(tmp_path, run)
    with pytest.raises(ResultsError, match="srpo/seed-2 is gone, or its manifest"):
        check_there(tmp_path, plan)
    manifest(tmp_path, "srpo/seed-2")
    check_there(tmp_path, plan)


def test_of_an_import_what_lies_there_counts(tmp_path: Path) -> None:
    plan = {"arms": ARMS, "seeds": [1, 2]}
    manifest(tmp_path, "grpo/seed-1")
    check_there(tmp_path, plan)
    (tmp_path / "srpo" / "seed-3").mkdir(parents=True)
    (tmp_path / "srpo" / "seed-3" / "evals.jsonl").touch()
    with pytest.raises(ResultsError, match="srpo/seed-3 is gone"):
        check_there(tmp_path, plan)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("evals.jsonl", "delete all of {} but its manifest.json, and bench resume runs it again."),
        ("manifest.json", "put it back from a copy, or begin anew with another --out."),
    ],
)
def test_what_is_no_longer_as_it_was_says_what_to_do(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / name).write_text("1")
    seal(tmp_path, [name])
    check_seal(tmp_path)
    (tmp_path / name).write_text("2")
    with pytest.raises(ResultsError) as refused:
        check_seal(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / name} is not as it was when it was finished")
    assert str(refused.value).endswith(says.format(tmp_path))


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ("{}", "or delete all of {} but its manifest.json, and bench resume runs it again."),
        ('{"imported": {"format": "csv"}}', "or import the logs anew."),
    ],
)
@pytest.mark.parametrize("name", ["steps.jsonl", "timing.jsonl", "evals.jsonl", "status.json"])
def test_what_cannot_be_read_says_what_to_do(
    tmp_path: Path, manifest: str, says: str, name: str
) -> None:
    run = tmp_path / "grpo" / "seed-1"
    run.mkdir(parents=True)
    (tmp_path / "comparison.json").write_text('{"arms": []}')
    (run / "manifest.json").write_text(manifest)
    (run / name).write_text("{\n")
    with pytest.raises(ResultsError) as refused:
        read(tmp_path)
    assert str(refused.value).startswith(str(run / name))
    assert str(refused.value).endswith(f": put it back from a copy, {says.format(run)}")


def test_what_is_too_new_is_not_to_be_thrown_away(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text('{"schema": 99}')
    with pytest.raises(ResultsError, match=r"upgrade srpo-bench to read it\.$"):
        status_of(tmp_path)
