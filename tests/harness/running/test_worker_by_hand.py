"""What a worker does before and after training, without training."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness import environment
from srpo_bench.harness.config import Config
from srpo_bench.harness.plugins import entered
from srpo_bench.harness.running import as_planned, loop, worker
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.harness.running.mirror import Mirror
from srpo_bench.results.attempts import attempts
from srpo_bench.results.seal import SEAL, digests
from srpo_bench.results.store import read_json, write_json

TRAINING: dict[str, Any] = {
    "settings": {"steps": 9, "threads": 3},
    "arm": "mine", "algorithm": "grpo", "sampler": None, "algorithm_settings": {"kl_coef": 0.5},
    "sampler_settings": {}, "optim": {"lr": 0.25}, "seed": 4, "notes": ["planned"],
    "contract": {"device": "cpu"}, "plugins": ["p"],
}  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Planned, of nine steps; signals are left alone."""
    folder = tmp_path / "c" / "mine" / "seed-4"
    folder.mkdir(parents=True)
    write_json(folder / "manifest.json", TRAINING)
    monkeypatch.setattr(worker.Stop, "on_signals", lambda _: None)
    return folder


@pytest.mark.parametrize(
    ("step", "tasks", "scored", "lacks"),
    [
        (9, ["svamp"], False, True),
        (8, ["svamp"], False, False),
        (9, [], False, False),  # none is asked for
        (9, ["svamp"], True, False),  # it was the seal, or the mirror
    ],
)
def test_a_run_that_lacks_its_final_scoring_alone_says_so(
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    tasks: list[str],
    scored: bool,
    lacks: bool,
) -> None:
    asked = {**TRAINING["settings"], "final": {"tasks": tasks}}
    write_json(run / "manifest.json", {**TRAINING, "settings": asked})
    if scored:
        write_json(run / "final.json", {})

    def train(attempt: Attempt, manifest: dict[str, Any], stop: Any) -> bool:
        (run / "checkpoints" / f"step-{step}").mkdir(parents=True)
        raise ValueError("why")

    monkeypatch.setattr(worker, "_train", train)
    assert worker.run_folder(run) == "failed"
    reason = read_json(run / "status.json")["reason"]
    before = f"All 9 steps are trained and saved (bench eval --model {run} scores them); "
    before += "the final scoring failed. "
    assert reason == (before if lacks else "") + "ValueError: why"


def test_a_finished_run_is_sealed_then_done_then_mirrored(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run / SEAL).write_text("of an attempt that was killed before it was done")
    seen: list[Any] = []

    def train(attempt: Attempt, manifest: dict[str, Any], stop: Any) -> bool:
        seen.append((run / SEAL).exists())
        assert manifest == TRAINING
        return True

    def push_end(attempt: Attempt) -> None:
        seen.append(
            (attempt.number, read_json(run / "status.json")["state"], (run / SEAL).exists())
        )

    def mirror_of(comparison: Path) -> Any:
        seen.append(comparison)
        return SimpleNamespace(push_end=push_end)

    monkeypatch.setattr(worker, "_train", train)
    monkeypatch.setattr(Mirror, "of", mirror_of)
    assert worker.run_folder(run) == "done"
    assert seen == [False, run.parents[1], (1, "done", True)]
    assert read_json(run / SEAL) == digests(run)
    assert read_json(run / "status.json") == {"state": "done", "step": 0, "steps": 9, "reason": ""}


def test_a_method_may_go_to_another_working_directory(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: Any) -> bool:
        os.chdir("/")
        return True

    monkeypatch.setattr(worker, "_train", train)
    monkeypatch.chdir(run.parents[2])
    assert worker.run_folder(run.relative_to(run.parents[2])) == "done"
    assert (run / SEAL).is_file()


def test_a_run_that_stopped_is_not_sealed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_train", lambda *_: False)
    monkeypatch.setattr(Mirror, "of", lambda _: pytest.fail("it is not at its end"))
    assert worker.run_folder(run) == "stopped"
    assert not (run / SEAL).exists()


def test_a_failure_has_its_traceback_in_the_log_and_one_sentence_in_the_status(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(*_: Any) -> bool:
        raise ValueError("no")

    monkeypatch.setattr(worker, "_train", train)
    assert worker.run_folder(run) == "failed"
    assert "Traceback" in capsys.readouterr().err
    status = {"state": "failed", "step": 0, "steps": 9, "reason": "ValueError: no"}
    assert read_json(run / "status.json") == status
    (run / "manifest.json").write_text("{")
    assert worker.run_folder(run) == "failed"
    assert read_json(run / "status.json")["steps"] == 0  # how many is not known yet


def test_a_run_that_nobody_could_begin_says_so(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError("attempts")

    monkeypatch.setattr(worker, "Attempt", refused)
    assert worker.run_folder(run) == "failed"
    assert read_json(run / "status.json")["reason"] == "PermissionError: attempts"


def test_whoever_was_superseded_tells_only_the_log(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(*_: Any) -> bool:
        Attempt(run)
        raise ValueError("too late")

    monkeypatch.setattr(worker, "_train", train)
    assert worker.run_folder(run) == "superseded"
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{SupersededError(run)}\n")


def test_patience_ends_at_its_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(worker, "_locked", lambda _: False)
    monkeypatch.setattr(worker.time, "monotonic", lambda: 10 * sum(slept))
    monkeypatch.setattr(worker.time, "sleep", slept.append)
    with worker._in_turn(tmp_path / "pid", 1.0):
        assert slept == [0.1]


class Loop:
    """Stands for the loop."""

    sampler = SimpleNamespace(notes=("of the sampler", "planned"), at_rest=("resting",))
    algorithm = SimpleNamespace(notes=("of the algorithm",))
    waits_for = ({"what": "a step"},)
    saved: Any = None

    def __init__(self, *given: Any) -> None:
        self.given = given
        Loop.made = self

    def train(self, stop: Any, at_once: Any) -> bool:
        self.told = stop, at_once
        return True

    made: Loop


def test_training_is_set_up_as_the_manifest_says(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def noted(name: str, answer: Any = None) -> Any:
        return lambda *given: (calls.append((name, *given)), answer)[1]

    mirror = SimpleNamespace(pull=noted("pull"), push=noted("push"))
    monkeypatch.setattr(Mirror, "of", noted("mirror", mirror))
    monkeypatch.setattr(environment, "make_repeatable", noted("threads"))
    monkeypatch.setattr(entered, "enter_kept", noted("plugins"))
    monkeypatch.setattr(as_planned, "base_as_planned", lambda config, manifest: run / "base")
    monkeypatch.setattr(as_planned, "problems_as_planned", lambda *_: "problems")
    monkeypatch.setattr(worker, "device_memory", lambda device: f"memory of {device}")
    monkeypatch.setattr(worker, "device_name", lambda device: f"name of {device}")
    monkeypatch.setattr(loop, "Trainer", Loop)
    attempt = Attempt(run)
    stop: Any = SimpleNamespace(at_once="at once")
    assert worker._train(attempt, TRAINING, stop)
    comparison = run.parents[1]
    assert calls == [
        ("threads", 3), ("plugins", ["p"], comparison), ("mirror", comparison), ("pull", attempt),
    ]  # fmt: skip
    attempt.saved(run / "checkpoints" / "step-1")
    assert calls[-1] == ("push", attempt, run / "checkpoints" / "step-1")
    folder, config, arm, seed, base, problems, whose = Loop.made.given
    assert (folder, seed, base, problems) == (run, 4, run / "base", "problems")
    assert whose is attempt
    assert (config, config.steps) == (Config(steps=9, threads=3), 9)
    assert (arm.name, arm.algorithm, arm.sampler, arm.optim.lr) == ("mine", "grpo", None, 0.25)
    assert arm.settings == {"kl_coef": 0.5}
    assert Loop.made.told == (stop, "at once")
    assert read_json(run / "status.json")["state"] == "running"
    (told,) = attempts(run)
    assert (told["accelerator"], told["memory"]) == ("name of cpu", "memory of cpu")
    learned = {
        "notes": ["planned", "of the sampler", "of the algorithm"],
        "at_rest": ["resting"],
        "waits_for": [{"what": "a step"}],
    }
    assert read_json(run / "manifest.json") == TRAINING | learned


def test_a_manifest_that_knows_it_all_is_not_written_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "make_repeatable", lambda _: None)
    monkeypatch.setattr(entered, "enter_kept", lambda *_: None)
    for name in ("base_as_planned", "problems_as_planned"):
        monkeypatch.setattr(as_planned, name, lambda *_: None)
    monkeypatch.setattr(loop, "Trainer", Loop)
    attempt = Attempt(run)
    known = TRAINING | {"at_rest": ["resting"], "waits_for": ({"what": "a step"},)}
    known["notes"] = ["planned", "of the sampler", "of the algorithm"]
    before = (run / "manifest.json").stat().st_ino
    assert worker._train(attempt, known, SimpleNamespace(at_once=None))  # type: ignore[arg-type]
    assert (run / "manifest.json").stat().st_ino == before


def test_a_full_disk_is_no_reason_to_speak_for_another(run: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "full")

    def check() -> None:
        raise SupersededError(run)

    held: Any = SimpleNamespace(write_json=full, check=check)
    with pytest.raises(SupersededError):
        worker._say(held, run, "failed", 9)
    assert not (run / "status.json").exists()
