"""Every end of a run is in its status, and only a planned run is started."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.planning.reading import read_planned
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.running.__main__ import main
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.harness.running.worker import run_folder
from srpo_bench.results.attempts import attempts
from srpo_bench.results.store import read_json, read_lines, write_json


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A planned run of one step."""
    config = Config.model_validate(
        {
            "steps": 1,
            "seeds": [1],
            "data": {"tasks": ["micro-gsm8k"], "pool_size": 8},
            "evaluation": {"problems": 2, "k": 1},
        }
    )
    return plan(tmp_path / "c", config, [Arm(name="grpo", algorithm="grpo")], "").runs[0].folder


def reason(run: Path) -> str:
    status = read_json(run / "status.json")
    assert status["state"] == "failed"
    return str(status["reason"])


def test_a_damaged_manifest_is_a_failure_with_a_sentence(run: Path) -> None:
    (run / "manifest.json").write_text("{")
    assert run_folder(run) == "failed"
    assert reason(run).startswith(f"{run / 'manifest.json'} cannot be read: ")


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("base_sha256", "is not the base model this comparison was planned with."),
        ("pool_digest", "The problems on disk are not those this comparison was planned with."),
    ],
)
def test_what_is_not_as_planned_is_a_failure(run: Path, field: str, sentence: str) -> None:
    manifest = read_json(run / "manifest.json")
    manifest["contract"][field] = "another"
    write_json(run / "manifest.json", manifest)
    assert run_folder(run) == "failed"
    assert reason(run).endswith(sentence)


@pytest.mark.integration
def test_a_base_that_has_moved_is_looked_up_anew(run: Path) -> None:
    manifest = read_json(run / "manifest.json")
    manifest["base"]["path"] = "/no/such/folder"
    write_json(run / "manifest.json", manifest)
    assert run_folder(run) == "done"
    assert read_json(run / "status.json") == {"state": "done", "step": 1, "steps": 1, "reason": ""}


@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("code_sha256", "(code_sha256 differs): install that one, then bench resume."),
        ("version.sympy", "planned with 0.0: install that one here, then bench resume."),
        ("isolation", "with 0.0: resume it on a machine that has that (bench doctor)."),
        ("instructions", "0.0, which gives other bits: resume it on such a machine."),
    ],
)
def test_another_machine_is_refused(run: Path, field: str, sentence: str) -> None:
    manifest = read_json(run / "manifest.json")
    manifest["contract"][field] = "0.0"
    write_json(run / "manifest.json", manifest)
    assert run_folder(run) == "failed"
    assert reason(run).endswith(sentence)


@pytest.mark.integration
def test_another_node_of_the_same_kind_is_no_difference(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.node", lambda: "elsewhere")
    assert run_folder(run) == "done"
    (attempt,) = attempts(run)
    assert attempt["host"] == "elsewhere"
    assert attempt["accelerator"] is None
    assert attempt["instructions"] == read_json(run / "manifest.json")["contract"]["instructions"]


@pytest.mark.integration
def test_a_run_of_a_seed_that_was_added_trains_on_its_own_pool(run: Path) -> None:
    comparison = run.parents[1]
    config = read_planned(comparison).config.model_copy(update={"seeds": (1, 2)})
    plan(comparison, config, [Arm(name="grpo", algorithm="grpo")], "")
    added = comparison / "grpo" / "seed-2"
    assert run_folder(added) == "done"
    ids = {line["problem"] for line in read_lines(added / "samples.jsonl")}
    pools = [set(load_problems(config).pools[seed]) for seed in (1, 2)]
    trained = ids & (pools[0] | pools[1])
    assert trained
    assert trained <= pools[1]
    manifest = read_json(added / "manifest.json")
    manifest["contract"]["pool_digest_seed"] = "another"
    write_json(added / "manifest.json", manifest)
    assert run_folder(added) == "failed"
    assert reason(added).endswith("are not those this seed was planned with.")


def test_a_run_that_was_taken_over_says_nothing(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: object) -> bool:
        Attempt(run).write_json("status.json", {"state": "done", "by": "another"})
        raise OSError("Stale file handle")

    monkeypatch.setattr(Trainer, "train", train)
    assert run_folder(run) == "superseded"
    assert read_json(run / "status.json")["by"] == "another"


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), RecursionError("deep")])
def test_whatever_ends_it_is_written_down(
    run: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object) -> bool:
        raise error

    monkeypatch.setattr(Trainer, "train", train)
    assert run_folder(run) == "failed"
    assert reason(run).startswith(type(error).__name__)


def test_where_all_are_being_stopped_a_run_does_not_begin(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "train", lambda *_: pytest.fail("it began"))
    (run.parents[1] / "stop").touch()
    assert run_folder(run) == "stopped"
    assert read_json(run / "status.json")["state"] == "stopped"


def test_a_signal_stops_it_after_its_step(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(_: Trainer, stop: object, at_once: object) -> bool:
        assert callable(stop)
        assert not stop()
        signal.raise_signal(signal.SIGTERM)
        return not stop()

    monkeypatch.setattr(Trainer, "train", train)
    assert run_folder(run) == "stopped"
    assert read_json(run / "status.json")["state"] == "stopped"


def test_the_command_takes_one_planned_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert main([str(tmp_path)]) == 2
    assert "holds no run: it has no manifest.json." in capsys.readouterr().err
    (tmp_path / "manifest.json").write_text('{"arm": "grpo"}')
    assert main([str(tmp_path)]) == 2
    assert "was imported, so there is nothing to train in it." in capsys.readouterr().err
    assert not (tmp_path / "status.json").exists()


def test_a_command_without_its_folder_says_how_it_is_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for words in ([], ["a", "b"]):
        assert main(words) == 2
        out, err = capsys.readouterr()
        assert (out, err.split()[0]) == ("", "usage:")
    assert main([str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err[:7]) == ("", "bench: ")


def test_a_set_of_words_has_one_order_in_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Any] = []
    module = sys.modules[main.__module__]
    monkeypatch.setattr(module, "planned", lambda folder: {"settings": {"threads": 1}})
    monkeypatch.setattr(module, "settle", lambda threads: begun.append(threads))
    monkeypatch.setattr(module, "run_folder", lambda folder: "done")
    monkeypatch.setattr(os, "execv", lambda program, words: begun.append(words[1:]))
    for random, ignored in ((1, 0), (1, 1), (0, 0)):
        flags = SimpleNamespace(hash_randomization=random, ignore_environment=ignored)
        monkeypatch.setattr(module, "sys", SimpleNamespace(flags=flags, executable="python"))
        assert main([str(tmp_path)]) == 0
    again = ["-P", "-m", "srpo_bench.harness.running", str(tmp_path)]
    assert begun == [1, again, 1, 1]


def test_an_attempt_lets_go_of_its_files_however_it_ends(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[int] = []
    real = Attempt.close

    def close(self: Attempt) -> None:
        closed.append(self.number)
        real(self)

    monkeypatch.setattr(Attempt, "close", close)
    (run / "manifest.json").write_text("{")
    assert run_folder(run) == "failed"
    assert closed == [1]
