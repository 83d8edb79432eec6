"""What a run begins with, owes, books and saves, mostly without a step."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Rollouts
from srpo_bench.harness.models.micro import shipped_base
from srpo_bench.harness.problems.seen import CARD, seen_by
from srpo_bench.harness.rollouts import evaluation
from srpo_bench.harness.running import checkpoint, ledger, loop, sampler_guard
from srpo_bench.harness.running.attempt import Attempt, SupersededError
from srpo_bench.harness.running.stopping import InterruptedScoringError
from srpo_bench.harness.streams import Purpose, stream
from srpo_bench.results.store import read_json, read_lines, saved
from tests.harness.running.test_step_by_hand import Scripted, run_of, scripted


def test_a_learner_knows_its_reference_and_its_schedule(tmp_path: Path) -> None:
    optim = {"updates_per_step": 2, "num_iterations": 3}
    (tmp_path / "kl").mkdir()
    without, with_kl = run_of(tmp_path, "grpo-token", optim=optim), run_of(tmp_path / "kl", "grpo")
    assert without.learner.reference is None
    assert with_kl.learner.reference is not None
    assert with_kl.learner.reference.model is not with_kl.policy.model
    assert (without.learner.updates_planned, with_kl.learner.updates_planned) == (30, 5)
    assert without.owes_evaluation
    assert not without.reads_learner_logp


@pytest.mark.parametrize(
    "roll", [{"measure_mismatch": True}, {"correction": "token-truncated"}], ids=str
)
def test_the_learner_reads_what_is_measured_or_corrected(
    tmp_path: Path, roll: dict[str, Any]
) -> None:
    assert run_of(tmp_path, "cispo", rollout=roll).reads_learner_logp


def test_what_is_asked_of_the_policy_is_booked_as_a_forward_pass(tmp_path: Path) -> None:
    run, entry = run_of(tmp_path), ledger.empty()
    mask = torch.tensor([[True, True, True], [True, False, False]])
    rollouts = Rollouts(
        ["p", "q"], [[3, 4], [5]], torch.tensor([0, 1]), 6 * mask.long(), mask, -1.0 * mask,
        torch.zeros(2).bool(),
    )  # fmt: skip
    logp = run._scorer(entry)(rollouts)
    torch.testing.assert_close(logp, run.policy.logp(rollouts).detach(), atol=1e-5, rtol=1e-5)
    assert entry["flops"] == 2 * run.policy.parameters * (4 + 3)


def test_what_a_base_has_seen_goes_with_each_checkpoint(tmp_path: Path) -> None:
    run, base = run_of(tmp_path), tmp_path / "base"
    assert run.base == shipped_base()
    base.mkdir()
    (base / CARD).write_text('{"seen": {"key": "mawps/train/1"}}')
    run.base = base
    run._save(1)
    assert seen_by(tmp_path / "checkpoints" / "step-1") == {"key": "mawps/train/1"}


def test_the_clock_begins_once_the_sinks_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_of(tmp_path)
    before = run.clock
    monkeypatch.setattr(run, "_train", lambda *_: True)
    assert run.train()
    assert run.clock is not before


def test_three_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluated every second step and at the end; a stop that comes with the last step is late."""
    bounds: list[tuple[int, ...]] = []
    real = sampler_guard.bound

    def bound(sampler: Any, *numbers: int) -> None:
        bounds.append(numbers)
        real(sampler, *numbers)

    drawn: list[tuple[str, int]] = []

    def draw(seed: int, purpose: Purpose, step: int = 0) -> torch.Generator:
        drawn.append((purpose, step))
        return stream(seed, purpose, step)

    monkeypatch.setattr(sampler_guard, "bound", bound)
    monkeypatch.setattr(loop, "stream", draw)
    values = {
        "steps": 3,
        "evaluation": {"every": 2},
        "final": {"tasks": ["micro-gsm8k"], "problems": 2},
    }
    run = scripted(run_of(tmp_path, "grpo-token", checkpoint_every=100, **values))
    asked: list[int] = []
    assert run.engine.positions_at_once is None
    assert run.train(stop=lambda: asked.append(1) or len(asked) == 3)
    held = evaluation.positions(run.collector, run.problems.evaluation, run.config)
    assert run.engine.positions_at_once == held
    assert not run.owes_evaluation
    assert bounds == [(0, 2, 2)] * 3
    assert [x for x in drawn if x[0] in ("evaluation", "final")] == [
        *(("evaluation", step) for step in (0, 2, 3)), ("final", 3),
    ]  # fmt: skip
    assert [line["step"] for line in read_lines(tmp_path / "evals.jsonl")] == [0, 2, 3]
    timing = list(read_lines(tmp_path / "timing.jsonl"))
    assert [line["step"] for line in timing] == [0, 1, 2, 3, 3]
    assert timing[-1]["other"] == 0.0
    assert timing[-1]["evaluation"] > 0
    assert saved(tmp_path) == [3]
    final = read_json(tmp_path / "final.json")
    assert (final["step"], list(final["tasks"])) == (3, ["micro-gsm8k"])
    lines = [line for line in read_lines(tmp_path / "samples.jsonl") if line["phase"] != "train"]
    assert [(line["step"], line["phase"]) for line in lines] == [
        *[(0, "eval")] * 2, *[(2, "eval")] * 2, *[(3, "eval")] * 2, *[(3, "final")] * 2,
    ]  # fmt: skip


def test_an_evaluation_that_was_interrupted_is_owed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = scripted(run_of(tmp_path, "grpo-token", steps=2, evaluation={"every": 1}))
    evaluated: list[int] = []

    def evaluate(step: int) -> None:
        if step:
            raise InterruptedScoringError
        evaluated.append(step)
        run.owes_evaluation = False

    monkeypatch.setattr(run, "_evaluate", evaluate)
    assert not run.train()
    assert [line["step"] for line in read_lines(tmp_path / "timing.jsonl")] == [0, 1]
    again = scripted(run_of(tmp_path, "grpo-token", steps=2, evaluation={"every": 1}))
    monkeypatch.setattr(again, "_evaluate", evaluated.append)
    assert again.train()
    assert evaluated == [0, 1, 2]
    assert again.learner.updates_done == 2
    assert again.spending.spent["responses"] == 8


def test_who_was_superseded_ends_after_its_step(tmp_path: Path) -> None:
    run = scripted(run_of(tmp_path, "grpo-token", checkpoint_every=100))
    engine = run.engine
    assert isinstance(engine, Scripted)

    def sync() -> None:
        engine.syncs += 1
        if engine.syncs == 2:  # behind the first update
            Attempt(tmp_path)

    engine.sync = sync  # type: ignore[method-assign]
    with pytest.raises(SupersededError):
        run.train()
    assert engine.syncs == 2


def test_a_state_without_what_it_owes_owes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints of before said nothing of it. Everything that is kept comes back."""
    run, came = run_of(tmp_path, "grpo-token"), []
    spent = {"responses": 4, "tokens": 8, "updates": 1, "flops": 0.5}
    state = {"learner": "L", "algorithm": "A", "sampler": "S", "spent": spent}
    model = SimpleNamespace(state_dict=run.policy.model.state_dict)
    for place, name, answer in (
        (checkpoint, "latest", lambda _: tmp_path), (checkpoint, "rewind", lambda *_: (7, state)),
        (run.learner, "load_state_dict", came.append),
        (run.algorithm, "load_state_dict", came.append),
        (run.sampler, "load_state_dict", came.append),
    ):  # fmt: skip
        monkeypatch.setattr(place, name, answer)
    monkeypatch.setattr("srpo_bench.harness.running.loop.open_model", lambda *_: model)
    assert run._resume() == 7
    assert came == ["L", "A", "S"]
    assert not run.owes_evaluation
    assert run.spending.spent == spent
    monkeypatch.setattr(checkpoint, "latest", lambda _: None)
    monkeypatch.setattr(checkpoint, "rewind", lambda *_: (0, None))
    assert run._resume() == 0
    assert run.owes_evaluation
    assert len(came) == 3
