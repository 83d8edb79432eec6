"""A scoring that is stopped goes on where it was, and ends as if nothing had happened."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.scoring.record import SAMPLES, SCORES, UNFINISHED, refuse_taken, unfinished
from srpo_bench.harness.scoring.score import score_models
from srpo_bench.results.store import read_json, write_json


def settings(model: Path, **final: Any) -> Config:
    tasks = {"tasks": ["micro-gsm8k", "micro-math"], "problems": 5, "max_new_tokens": 8, "k": 3}
    values = {"model": {"path": str(model)}, "final": {**tasks, **final}}
    return layers.parse(Config, values, "test")


def stop_at(response: int) -> Callable[..., None]:
    """Ctrl-C, as soon as this response has ended."""

    def tell(words: str, done: int, of: int | None) -> None:
        if words.endswith(": responses") and done >= response:
            raise KeyboardInterrupt

    return tell


def stopped(config: Config, out: Path, response: int = 16, seed: int = 1) -> None:
    with pytest.raises(KeyboardInterrupt):
        score_models(config, seed, out=out, tell=stop_at(response))


@pytest.mark.parametrize(("response", "scored"), [(1, 0), (16, 1)])
def test_a_stopped_scoring_ends_as_if_nothing_had_happened(
    tiny_folder: Path, tmp_path: Path, response: int, scored: int
) -> None:
    config = settings(tiny_folder)
    at_once = score_models(config, 1, out=tmp_path / "at-once")
    out = tmp_path / "out"
    stopped(config, out, response)
    earlier = unfinished(out)
    assert earlier is not None
    assert [line["task"] for line in earlier["scores"]] == ["micro-gsm8k", "micro-math"][:scored]
    assert not (out / SCORES).exists()
    with (out / SAMPLES).open("ab") as file:  # of a task whose score was not written any more
        file.write(b'{"model": "torn')
    told: list[Any] = []
    record = score_models(config, 1, out=out, tell=lambda *words: told.append(words))
    asked = [of for words, _, of in told if words.endswith(": responses")]
    assert set(asked) == {30 - 15 * scored}
    assert (out / SAMPLES).read_bytes() == (tmp_path / "at-once" / SAMPLES).read_bytes()
    assert {**record, "seconds": {}} == {**at_once, "seconds": {}}
    assert record == read_json(out / SCORES)
    assert {path.name for path in out.iterdir()} == {SAMPLES, SCORES}


def test_each_checkpoint_is_scored_once(tiny_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    for step in (2, 4):
        (run / "checkpoints").mkdir(parents=True, exist_ok=True)
        (run / "checkpoints" / f"step-{step}").symlink_to(tiny_folder)
    (run / "manifest.json").write_text("{}")
    config = settings(run)

    def second(words: str, done: int, of: int | None) -> None:
        if words == "step-4: responses":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_models(config, out=tmp_path / "out", tell=second)
    told: list[str] = []
    record = score_models(config, out=tmp_path / "out", tell=lambda words, *_: told.append(words))
    assert "step-4: responses" in told
    assert "step-2: responses" not in told
    assert [(line["model"], line["task"]) for line in record["scores"]] == [
        (step, task) for step in ("step-2", "step-4") for task in ("micro-gsm8k", "micro-math")
    ]
    assert list(record["seconds"]) == ["step-2", "step-4"]


@pytest.mark.parametrize(
    ("final", "seed", "said"),
    [
        ({"temperature": 0.5}, 1, "temperature is 1.0 there and 0.5 here"),
        ({"problems": 4}, 1, "problems is 5 there and 4 here"),
        ({}, 2, "not the same seed"),
    ],
)
def test_another_question_is_refused(
    tiny_folder: Path, tmp_path: Path, final: dict[str, Any], seed: int, said: str
) -> None:
    stopped(settings(tiny_folder), tmp_path / "out")
    with pytest.raises(UserError, match=f"unfinished scoring of something else: {said}"):
        score_models(settings(tiny_folder, **final), seed, out=tmp_path / "out")
    score_models(settings(tiny_folder), 1, out=tmp_path / "out")  # and the first one still ends


@pytest.mark.parametrize(
    ("part", "there", "said"),
    [
        ("device", "another", "not the same device"),
        ("code", "another", "not the same code of srpo-bench"),
        ("plugins", {"task.mine": "another"}, "not the same task files"),
        ("contents", {"micro-gsm8k": ["another"]}, "not the same questions and answers"),
    ],
)
def test_what_would_score_the_rest_otherwise_is_refused(
    tiny_folder: Path, tmp_path: Path, part: str, there: Any, said: str
) -> None:
    """Such as a task's file that was edited between two checkpoints of one run."""
    out = tmp_path / "out"
    stopped(settings(tiny_folder), out)
    record = read_json(out / UNFINISHED)
    assert part in record
    write_json(out / UNFINISHED, {**record, part: there})
    with pytest.raises(UserError, match=f"unfinished scoring of something else: {said}"):
        score_models(settings(tiny_folder), 1, out=out)


def test_a_task_may_go_to_another_working_directory(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    tell = lambda *_: os.chdir(tmp_path / "elsewhere")  # noqa: E731
    score_models(settings(tiny_folder), out=Path("out"), tell=tell)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {SAMPLES, SCORES}


def test_one_process_at_a_time(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(settings(tiny_folder), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    held = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="Another bench eval is writing to"):
            score_models(settings(tiny_folder), 1, out=out)
    finally:
        os.close(held)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_damaged_record_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    stopped(settings(tiny_folder), out)
    whole = (out / SAMPLES).read_bytes()
    (out / SAMPLES).write_bytes(whole[:-1])
    with pytest.raises(UserError, match="has lost responses that are scored"):
        score_models(settings(tiny_folder), 1, out=out)
    assert (out / SAMPLES).read_bytes() == whole[:-1]
    write_json(out / UNFINISHED, {"schema": 1})
    with pytest.raises(UserError, match="is no scoring's record"):
        score_models(settings(tiny_folder), 1, out=out)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("settings", []),
        ("settings", {}),
        ("settings", {"date": "tomorrow"}),
        ("models", []),
        ("problems", {"t": 3}),
        ("scores", [{"model": "m"}]),
        ("seconds", {"m": "x"}),
        ("samples", "12"),
        ("samples", -1),
    ],
)
def test_a_record_that_was_edited_is_refused(tmp_path: Path, part: str, value: Any) -> None:
    line = {"model": "m", "task": "t", "metric": "a", "n": 1, "k": 1, "accuracy": 1.0}
    whole = {
        "settings": {"date": "2026-01-01", "k": 1},
        "models": {"m": {}},
        "problems": {"t": ["t/1"]},
        "scores": [{**line, "stderr": None}],
        "seconds": {"m": 1},
        "samples": 0,
    }
    write_json(tmp_path / UNFINISHED, whole)
    assert unfinished(tmp_path) == whole
    write_json(tmp_path / UNFINISHED, {**whole, part: value})
    with pytest.raises(UserError, match="is no scoring's record; choose another --out"):
        unfinished(tmp_path)


def test_a_whole_scoring_is_called_so(tmp_path: Path) -> None:
    write_json(tmp_path / SCORES, {})
    with pytest.raises(UserError, match=r"holds a whole scoring \(scores\.json\)"):
        refuse_taken(tmp_path)
