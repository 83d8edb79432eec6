"""The table that ``bench eval`` prints."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from srpo_bench.harness.cli import scores
from srpo_bench.harness.config import Config
from srpo_bench.harness.scoring.scores import ScoreLine
from tests.harness.cli.screen import bench, printed

FULL = ScoreLine(
    model="m",
    task="math",
    metric="pass@1",
    n=40,
    k=4,
    accuracy=0.4321,
    stderr=0.0123,
    stderr_questions=0.0345,
    pass_at={"1": 0.4321, "2": 0.5, "4": 0.61, "10": 0.7},
    truncated=0.256,
    outcomes={"correct": 3, "wrong": 1},
)
BARE = ScoreLine(model="m", task="math", metric="number", n=40, k=1, accuracy=0.5, stderr=None)


def record(*lines: ScoreLine) -> dict[str, Any]:
    return {"scores": [dataclasses.asdict(line) for line in lines]}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_what_is_known_is_shown_and_the_rest_is_blank(capsys: pytest.CaptureFixture[str]) -> None:
    scores.show(record(FULL, BARE))
    assert printed(capsys) == [
        "task  metric   n  k         score  resampled  pass@k                 cut off  outcomes",
        "math  pass@1  40  4  43.2 ± 3.5 %    ± 1.2 %  @4 61.0 %, @10 70.0 %  26 %     "
        "correct 3, wrong 1",
        "math  number  40  1        50.0 %",
    ]


def test_pass_at_k_has_a_column_where_somebody_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    one = dataclasses.replace(FULL, k=1, pass_at={"1": 0.4321})
    scores.show(record(one, BARE))
    head, line, _ = printed(capsys)
    assert "pass@k" not in head
    assert line.split()[-5:] == ["%", "correct", "3,", "wrong", "1"]


def test_models_are_named_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    scores.show(record(BARE, dataclasses.replace(BARE, model="step-16")))
    head, first, second = printed(capsys)
    assert head.split()[:3] == ["model", "task", "metric"]
    assert (first.split()[0], second.split()[0]) == ("m", "step-16")


def test_no_name_is_cut_off_on_a_narrow_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"srpo/seed-{seed}/step-100" for seed in (1, 2)]
    scores.show(record(*(dataclasses.replace(FULL, model=name) for name in names)))
    lines = printed(capsys)
    assert "…" not in "".join(lines)
    head = next(i for i, line in enumerate(lines) if "task" in line)
    width = lines[head].index("task")
    told = "".join(line[:width].strip() for line in lines[head + 1 :])
    assert told == "".join(names)


def test_notes_stand_below(capsys: pytest.CaptureFixture[str]) -> None:
    scores.show({**record(BARE), "notes": ["This model has no end token.", "Another."]})
    assert printed(capsys)[2:] == ["This model has no end token.", "Another."]


@pytest.mark.parametrize("as_json", [False, True])
def test_flags_become_settings_and_the_record_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    asked: list[Any] = []

    def score_models(config: Config, *others: Any) -> dict[str, Any]:
        asked.append((config, *others[:-1]))
        return record(BARE) | {"note": "é"}

    monkeypatch.setattr(scores, "score_models", score_models)
    settled: list[Any] = []
    monkeypatch.setattr(scores, "settle", settled.append)
    monkeypatch.setattr(scores, "make_repeatable", settled.append)
    monkeypatch.setattr(scores, "cores", lambda: 3)
    words = ["--model", "micro", "--tasks", "micro-math,micro-gsm8k", "--limit", "7", "--k", "2"]
    words += ["--temperature", "0.5"]
    words += ["--top-p", "0.9", "--max-new-tokens", "11", "--style", "base", "--shots", "1"]
    words += ["--batch", "5", "--device", "cpu", "--dtype", "bfloat16", "--engine", "torch"]
    words += ["--seed", "9"]
    assert bench(monkeypatch, "eval", *words, *["--json"] * as_json) == 0
    ((config, seed, backend, out),) = asked
    assert (seed, backend, out) == (9, "own", None)
    assert settled == [3, 3]
    final = config.final
    assert final.tasks == ("micro-math", "micro-gsm8k")
    assert (final.problems, final.k, final.temperature, final.top_p) == (7, 2, 0.5, 0.9)
    assert (final.max_new_tokens, config.threads) == (11, 3)
    assert (config.data.style, config.data.shots) == ("base", 1)
    assert (config.model.path, config.model.device, config.model.dtype) == (
        ("micro", "cpu", "bfloat16")
    )
    assert (config.rollout.engine, config.rollout.rows_at_once) == ("torch", 5)
    lines = printed(capsys)
    if as_json:
        assert lines[1].startswith('  "')
        assert json.loads("\n".join(lines)) == record(BARE) | {"note": "é"}
        assert '  "note": "é"' in lines
    else:
        assert lines[0].split()[:2] == ["task", "metric"]


def test_greedy_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def score_models(config: Config, seed: int, *_: Any) -> dict[str, Any]:
        asked.append((config, seed))
        return record(BARE)

    monkeypatch.setattr(scores, "score_models", score_models)
    words = ["--model", "micro", "--tasks", "micro-math", "--threads", "1"]
    assert bench(monkeypatch, "eval", *words) == 0
    assert bench(monkeypatch, "eval", *words, "--temperature", "0.7") == 0
    (first, seed), (second, _) = asked
    assert (first.final.temperature, second.final.temperature, seed) == (0.0, 0.7, 0)
    assert (first.final.k, first.threads, first.rollout.rows_at_once) == (1, 1, 64)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "micro"], "bench eval needs --model and --tasks, or A B --paired."),
        (["--tasks", "micro-math"], "bench eval needs --model and --tasks, or A B --paired."),
        (["a"], "a is unexpected: name a model with --model; A B needs --paired."),
        (["a", "--paired"], "--paired takes two folders of records and no --model or --tasks."),
        (["--paired"], "--paired takes two folders of records and no --model or --tasks."),
        (
            ["a", "b", "--paired", "--model", "m"],
            "--paired takes two folders of records and no --model or --tasks.",
        ),
        (
            ["a", "b", "--paired", "--tasks", "t"],
            "--paired takes two folders of records and no --model or --tasks.",
        ),
    ],
)
def test_what_does_not_go_together(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    assert bench(monkeypatch, "eval", *words) == 2
    assert capsys.readouterr().err == f"bench: {message}\n"


def test_what_a_task_prints_is_no_part_of_the_scores(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def score(*_: Any) -> dict[str, Any]:
        print("grading")
        return {"scores": []}

    monkeypatch.setattr(scores, "score_models", score)
    for name in ("settle", "make_repeatable"):
        monkeypatch.setattr(scores, name, lambda _: None)
    scores.score_and_show({}, 0, "own", None, True)
    said = capsys.readouterr()
    assert json.loads(said.out) == {"scores": []}
    assert "grading" in said.err
