"""What scoring asks, tells and writes, without a model."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.harness.code import code_digest
from srpo_bench.harness.config import Config
from srpo_bench.harness.scoring import own_backend, score
from srpo_bench.harness.scoring.scores import ScoredTask, ScoreLine
from srpo_bench.results.store import read_json, read_lines
from srpo_bench.tasks.base import Problem
from tests.harness.rollouts.test_evaluation import graded

GROUPS = {
    task: [Problem(name, task, "math", "?", "1") for name in names]
    for task, names in (("a", ["a1"]), ("b", ["b1", "b2"]))
}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Of two models on two tasks; the clock goes on by 1.26 seconds whenever it is asked."""
    made: list[Any] = []

    def ask(subject: Any, config: Any, problems: Any, wanted: Any, seed: int, tell: Any) -> Any:
        for name in wanted:
            tell(f"{subject.label}: {name}", 1, 2)
            line = ScoreLine(subject.label, name, "m", 1, 1, 0.5, None)
            yield ScoredTask([line], [{"model": subject.label, "task": name}])

    subjects = [SimpleNamespace(folder=Path(n), label=f"model {n}", step=0) for n in "xy"]
    problems = SimpleNamespace(final=GROUPS, provenance=["data"], notes=["of problems"])
    ticks = iter(range(100))
    for name, answer in (
        ("subjects", lambda _: subjects), ("load_final", lambda _: problems),
        ("_backend", lambda *_: ask), ("engine_version", lambda _: {"vllm": "1"}),
        ("check", lambda folder: made.append(("check", folder))),
        ("seen_by", lambda folder: f"seen by {folder}"),
        ("refuse_learnt", lambda seen, asked: made.append((seen, [p.id for p in asked]))),
        ("fit", lambda config, problems, folder: made.append(("fit", folder))),
        ("_try", lambda config, problems, folder, device: made.append(("try", folder, device))),
        ("_ending", lambda config, folder: ["of both models"]),
        ("_identity", lambda subject, config: {"step": subject.step}),
    ):  # fmt: skip
        monkeypatch.setattr(score, name, answer)
    monkeypatch.setattr(score.time, "perf_counter", lambda: 1.26 * next(ticks))
    return made


def test_every_model_is_proved_before_any_is_scored(tmp_path: Path, calls: list[Any]) -> None:
    told: list[Any] = []
    out = tmp_path / "deep" / "out"
    record = score.score_models(Config(), 3, out=out, tell=lambda *words: told.append(words))
    proved = [
        [("check", Path(n)), (f"seen by {n}", ["a1", "b1", "b2"]), ("fit", Path(n))] for n in "xy"
    ]
    assert calls == [*proved[0], *proved[1], ("try", Path("x"), "cpu"), ("try", Path("y"), "cpu")]
    assert told == [
        *((f"model {n}: is its arithmetic the model's?", 0, None) for n in "xy"),
        *((f"model {n}: {task}", 1, 2) for n in "xy" for task in "ab"),
    ]  # fmt: skip
    assert record == read_json(out / "scores.json")
    assert record["seconds"] == {"model x": 2.5, "model y": 2.5}
    assert record["models"] == {"model x": {"step": 0}, "model y": {"step": 0}}
    assert record["problems"] == {"a": ["a1"], "b": ["b1", "b2"]}
    assert {task: len(each) for task, each in record["contents"].items()} == {"a": 1, "b": 2}
    assert (record["device"], record["code"], record["plugins"]) == ("cpu", code_digest(), {})
    assert [(line["model"], line["task"]) for line in record["scores"]] == [
        (f"model {n}", task) for n in "xy" for task in "ab"
    ]
    assert (record["seed"], record["backend"], record["data"]) == (3, "own", ["data"])
    assert record["versions"]["vllm"] == "1"
    assert record["notes"] == ["of problems", "of both models"]
    assert len(list(read_lines(out / "samples.jsonl"))) == 4


def test_lm_eval_computes_by_itself_and_is_named(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score.metadata, "version", lambda name: f"{name} 4")
    record = score.score_models(Config(), backend="lm-eval")
    assert not [call for call in calls if call[0] == "try"]
    assert record["versions"]["lm-eval"] == "lm-eval 4"
    assert record["notes"] == ["of problems"]


def test_a_single_problem_has_its_metrics() -> None:
    completions = graded([[1, 0, 0, 1]])
    completions.responses.truncated[0] = True
    task = SimpleNamespace(name="t", metric="own", variants=lambda *_: {"other": [True] * 4})
    first, other = own_backend.metrics("m", completions, SimpleNamespace(tasks={"t": task}))  # type: ignore[arg-type]
    assert (first.metric, first.n, first.k, first.accuracy, first.correct) == (
        "own",
        1,
        4,
        0.5,
        [2],
    )
    assert first.truncated == 0.25
    assert first.pass_at == {"1": pytest.approx(0.5), "2": pytest.approx(5 / 6), "4": 1.0}
    assert (other.metric, other.accuracy, other.correct) == ("other", 1.0, [4])


@pytest.mark.parametrize("style", ["chat", "base"])
@pytest.mark.parametrize("note", ["", "nothing ends it"])
def test_what_is_to_be_known_of_endings_is_told(
    monkeypatch: pytest.MonkeyPatch, style: str, note: str
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(score, "open_tokenizer", lambda folder: "tokenizer")
    monkeypatch.setattr(score, "open_generation", lambda folder: "generation")
    monkeypatch.setattr(score, "style_of", lambda *_: style)
    monkeypatch.setattr(score, "ending_note", lambda *words: asked.append(words) or note)  # type: ignore[func-returns-value]
    assert score._ending(Config(), Path("model")) == ([note] if note else [])
    assert asked == [("generation", "tokenizer", style == "chat")]
