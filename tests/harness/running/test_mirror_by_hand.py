"""What a mirror holds after each copy, and what comes back of it, without a run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.harness.running.mirror import LAST, MIRROR, Copy, Mirror
from srpo_bench.results.seal import SEAL
from srpo_bench.results.store import STATUS, write_json

WHERE = "grpo/seed-1"


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(f"file://{tmp_path / 'mirror'}")


def begun(comparison: Path) -> Attempt:
    run = comparison / WHERE
    run.mkdir(parents=True, exist_ok=True)
    return Attempt(run)


def checkpoint(attempt: Attempt, step: int, weights: str = "w") -> Path:
    """At that step, with one record of seven bytes that has gone on since."""
    folder = attempt.run / "checkpoints" / f"step-{step}"
    (folder / "inner").mkdir(parents=True)
    (folder / "weights").write_text(weights)
    (folder / "inner" / "state").write_text("s")
    write_json(folder / "progress.json", {"records": {"steps.jsonl": 7}})
    (attempt.run / "steps.jsonl").write_text("line 1\nline 2\n")
    return folder


def held(tmp_path: Path) -> dict[str, str]:
    """File -> text, attempts' tokens as T."""
    root = tmp_path / "mirror"
    files = [path for path in root.rglob("*") if path.is_file()]
    return {
        re.sub(r"-[0-9a-f]{12}/", "-T/", str(p.relative_to(root))): p.read_text() for p in files
    }


def test_a_copy_is_a_checkpoint_with_its_records_cut_to_it(tmp_path: Path, mirror: Mirror) -> None:
    attempt = begun(tmp_path / "c")
    mirror.push(attempt, checkpoint(attempt, 4))
    there = held(tmp_path)
    assert there.pop(f"{WHERE}/step-4.1-T/progress.json")
    assert json.loads(there.pop(f"{WHERE}/step-4.1-T/whole.json")) == {
        "lengths": {"steps.jsonl": 7}
    }
    assert there == {
        f"{WHERE}/step-4.1-T/weights": "w",
        f"{WHERE}/step-4.1-T/inner/state": "s",
        f"{WHERE}/step-4.1-T/steps.jsonl": "line 1\n",
    }


def test_older_checkpoints_go_and_the_end_stays(tmp_path: Path, mirror: Mirror) -> None:
    attempt = begun(tmp_path / "c")
    for step in (9, 10):
        mirror.push(attempt, checkpoint(attempt, step))
    (attempt.run / STATUS).write_text("{}")
    mirror.push_end(attempt)
    copies = mirror._copies(WHERE)
    assert [(copy.step, copy.attempt) for copy in copies] == [(10, 1), (LAST, 1)]
    assert f"{WHERE}/done.1-T/{STATUS}" in held(tmp_path)
    mirror.push(attempt, checkpoint(attempt, 11))
    assert [copy.step for copy in mirror._copies(WHERE)] == [11, LAST]


def test_copies_are_ordered_by_step_and_then_by_attempt(tmp_path: Path, mirror: Mirror) -> None:
    names = ("step-10.1-a", "step-9.3-b", "step-10.12-c", "done.2-d", "step-11.1-e", "other")
    for name in names:
        folder = tmp_path / "mirror" / WHERE / name
        folder.mkdir(parents=True)
        if name != "step-11.1-e":  # not whole yet
            (folder / "whole.json").touch()
    assert mirror._copies(WHERE) == [
        Copy(9, 3, "step-9.3-b"), Copy(10, 1, "step-10.1-a"), Copy(10, 12, "step-10.12-c"),
        Copy(LAST, 2, "done.2-d"),
    ]  # fmt: skip


def test_the_newest_checkpoint_comes_back_with_its_records(tmp_path: Path, mirror: Mirror) -> None:
    lost = begun(tmp_path / "lost")
    mirror.push(lost, checkpoint(lost, 4, "of 4"))
    mirror.push_end(lost)
    attempt = begun(tmp_path / "c")
    assert mirror.pull(attempt) == 4
    files = {str(p.relative_to(attempt.run)): p for p in attempt.run.rglob("*") if p.is_file()}
    there = {name: p.read_text() for name, p in files.items() if "attempt" not in name}
    assert there.pop("checkpoints/step-4/progress.json")
    assert there == {
        "checkpoints/step-4/weights": "of 4",
        "checkpoints/step-4/inner/state": "s",
        "steps.jsonl": "line 1\n",
    }
    mirror.push(lost, checkpoint(lost, 6))
    assert mirror.pull(attempt) == 6  # beside what is there


def test_only_what_is_newer_comes_back(tmp_path: Path, mirror: Mirror) -> None:
    lost, attempt = begun(tmp_path / "lost"), begun(tmp_path / "c")
    assert mirror.pull(attempt) is None
    mirror.push(lost, checkpoint(lost, 1))
    assert [mirror.pull(attempt) for _ in range(2)] == [1, None]


def test_a_superseded_attempt_leaves_no_whole_copy(
    tmp_path: Path, mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    first = begun(tmp_path / "c")
    saved = checkpoint(first, 4)
    Attempt(first.run)
    with pytest.raises(SupersededError):
        mirror.push(first, saved)
    assert mirror._copies(WHERE) == []
    (saved / "weights").unlink()
    (first.run / "steps.jsonl").unlink()  # a fault of its own, which nobody is told
    with pytest.raises(SupersededError):
        mirror.push(first, saved)
    assert capsys.readouterr().err == ""


def test_a_mirror_that_takes_nothing_is_told_and_the_run_goes_on(
    tmp_path: Path, mirror: Mirror, capsys: pytest.CaptureFixture[str]
) -> None:
    attempt = begun(tmp_path / "c")
    (tmp_path / "mirror").write_text("a file")
    mirror.push(attempt, checkpoint(attempt, 4))
    error = capsys.readouterr().err
    assert error.startswith(f"The mirror file://{tmp_path / 'mirror'} took no copy of step-4.1-")
    assert error.count("\n") == 1


def plan(comparison: Path, contract: str = "x", **arms: int) -> Path:
    """A comparison of these arms, one seed each."""
    for arm in arms:
        run = comparison / arm / "seed-1"
        run.mkdir(parents=True, exist_ok=True)
        write_json(run / "manifest.json", {"arm": arm})
    entries = [{"arm": arm, "value": value} for arm, value in arms.items()]
    record = {"contract": contract, "arms": entries, "seeds": [1]}
    write_json(comparison / "comparison.json", record)
    write_json(comparison / SEAL, {})
    return comparison


def test_a_plan_goes_where_none_or_the_same_is(tmp_path: Path, mirror: Mirror) -> None:
    mirror.push_plan(plan(tmp_path / "a", grpo=1, srpo=2))
    mirror.push_plan(plan(tmp_path / "b", grpo=1, srpo=2, dapo=3))  # an arm that was added
    with pytest.raises(UserError, match=r"holds more of this comparison than .*a \(dapo was added"):
        mirror.push_plan(tmp_path / "a")
    for other in ({"contract": "y", "dapo": 3}, {"dapo": 4}):
        with pytest.raises(UserError, match="holds another comparison: choose another --mirror"):
            mirror.push_plan(plan(tmp_path / f"c{len(other)}", **other))  # type: ignore[arg-type]


def test_a_manifest_of_a_run_that_was_copied_is_left_alone(tmp_path: Path, mirror: Mirror) -> None:
    comparison = plan(tmp_path / "c", grpo=1)
    attempt = begun(comparison)
    mirror.push(attempt, checkpoint(attempt, 4))
    mirror.push_plan(comparison)
    assert f"{WHERE}/manifest.json" not in held(tmp_path)


def test_a_lost_folder_comes_back_with_what_was_finished(tmp_path: Path, mirror: Mirror) -> None:
    comparison = plan(tmp_path / "c", grpo=1, srpo=1)
    (comparison / "_plugins" / "abc").mkdir(parents=True)
    for name in ("one.py", "two.py"):
        (comparison / "_plugins" / "abc" / name).write_text(name)
    mirror.push_plan(comparison)
    done, half = Attempt(comparison / "grpo" / "seed-1"), Attempt(comparison / "srpo" / "seed-1")
    mirror.push(done, checkpoint(done, 4))
    mirror.push(half, checkpoint(half, 4))
    (done.run / "evals.jsonl").write_text("of the end")
    mirror.push_end(done)
    back = tmp_path / "back"
    for _ in range(2):  # again into what is there already: it was interrupted
        assert mirror.pull_plan(back)
        names = {str(path.relative_to(back)) for path in back.rglob("*") if path.is_file()}
        assert names == {
            "comparison.json", SEAL, "grpo/seed-1/manifest.json", "srpo/seed-1/manifest.json",
            "grpo/seed-1/evals.jsonl", "grpo/seed-1/steps.jsonl", "grpo/seed-1/whole.json",
            "_plugins/abc/one.py", "_plugins/abc/two.py",
        }  # fmt: skip
    assert (back / "grpo" / "seed-1" / "evals.jsonl").read_text() == "of the end"


def test_a_comparison_knows_its_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Mirror.of(tmp_path) is None
    write_json(tmp_path / MIRROR, {"address": f"file://{tmp_path / 'm'}"})
    found = Mirror.of(tmp_path)
    assert found is not None
    assert found.address == f"file://{tmp_path / 'm'}"

    def unknown(address: str) -> Any:
        raise ImportError("Install\n s3fs")

    monkeypatch.setattr("fsspec.core.url_to_fs", unknown)
    with pytest.raises(UserError) as error:
        Mirror("s3://bucket")
    assert str(error.value) == (
        "--mirror s3://bucket cannot be opened: Install s3fs (for s3: pip install "
        "'srpo-bench[s3]')."
    )


def test_of_two_ends_the_later_attempts_comes_back_alone(tmp_path: Path, mirror: Mirror) -> None:
    comparison = plan(tmp_path / "c", grpo=1)
    mirror.push_plan(comparison)
    first = Attempt(comparison / WHERE)
    (first.run / "evals.jsonl").write_text("of the first")
    (first.run / "samples.jsonl").write_text("of the first")
    mirror.push_end(first)
    second = Attempt(comparison / WHERE)
    (second.run / "samples.jsonl").unlink()
    (second.run / "evals.jsonl").write_text("of the second")
    mirror.push_end(second)
    back = tmp_path / "back"
    assert mirror.pull_plan(back)
    assert (back / WHERE / "evals.jsonl").read_text() == "of the second"
    assert not (back / WHERE / "samples.jsonl").exists()


def test_a_single_end_comes_back(tmp_path: Path, mirror: Mirror) -> None:
    comparison = plan(tmp_path / "c", grpo=1)
    mirror.push_plan(comparison)
    only = Attempt(comparison / WHERE)
    (only.run / "evals.jsonl").write_text("of the only one")
    mirror.push_end(only)
    assert mirror.pull_plan(tmp_path / "back")
    assert (tmp_path / "back" / WHERE / "evals.jsonl").read_text() == "of the only one"
