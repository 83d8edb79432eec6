"""Whole runs in this process, on the shipped micro base: what a step writes down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from srpo_bench.algorithms.batch import Batch, Rollouts
from srpo_bench.algorithms.grpo_token import GRPOToken
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import RunError
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.planning.arms import parse_arms
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.running.attempt import Attempt
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.results.report import write_report
from srpo_bench.results.store import read_lines
from tests.harness import faults
from tests.results.conftest import blank

pytestmark = pytest.mark.integration

SMALL: dict[str, Any] = {
    "steps": 4,
    "seeds": [1],
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 4},
    "rollout": {"prompts_per_step": 4, "group_size": 4},
    "optim": {"lr": 2e-4},
    "evaluation": {"problems": 1, "every": 2},
    "checkpoint_every": 100,
    "samples_every": 1,
}

Make = Callable[..., Trainer]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A run in a folder of its own: ``make("grpo", steps, **rollout settings)``."""

    def build(name: str, steps: int = 4, **rollout: Any) -> Trainer:
        config = Config.model_validate(layers.merge(SMALL, {"steps": steps, "rollout": rollout}))
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (arm,) = parse_arms([name], {})
        return Trainer(folder, config, arm, 1, resolve(config.model), load_problems(config))

    return build


def steps(run: Trainer) -> list[dict[str, Any]]:
    assert run.train()
    return list(read_lines(run.folder / "steps.jsonl"))


def test_an_engine_that_shares_the_weights_is_compared_only_when_asked(make: Make) -> None:
    run = make("dapo", 2)  # several rounds a step
    plain, compared = steps(run), steps(make("dapo", 2, measure_mismatch=True))
    assert any(line["algorithm"]["rounds"] > 1 for line in plain)
    for before, after in zip(plain, compared, strict=True):
        found = after.pop("mismatch")
        assert 0 < found["difference_mean"] < found["difference_max"] < 1e-4
        assert found["kl"] < 1e-9
        assert found["ess_token"] == pytest.approx(1, abs=1e-6)
        assert found["ess_sequence"] == pytest.approx(1, abs=1e-6)
        read = after["ledger"]["tokens_generated"] + after["ledger"]["tokens_prefilled"]
        more = after["ledger"].pop("flops") - before["ledger"].pop("flops")
        assert more == pytest.approx(2 * run.policy.parameters * read)
        assert after == before


def test_stale_weights_show(make: Make) -> None:
    clean = steps(faults.inject(make("grpo"), faults.Faithful))
    stale = steps(faults.inject(make("grpo"), faults.Stale))
    assert stale[0] == clean[0]  # nothing has been learned yet that could be missed
    for right, wrong in zip(clean[1:], stale[1:], strict=True):
        assert right["mismatch"]["kl"] < 1e-9
        assert wrong["mismatch"]["kl"] > 1e-3
        assert wrong["mismatch"]["ess_sequence"] < 0.95 < right["mismatch"]["ess_sequence"]


def test_a_wrong_temperature_shows_from_the_first_step(make: Make) -> None:
    for line in steps(faults.inject(make("grpo"), faults.TooCold)):
        assert line["mismatch"]["kl"] > 1e-3
        assert line["mismatch"]["ess_sequence"] < 0.97


@pytest.mark.parametrize("kind", ["token-truncated", "sequence-masked"])
def test_a_correction_makes_the_ratio_the_policys_own_movement(make: Make, kind: str) -> None:
    """One update a step: π is still π_old in the loss, whatever the engine says of its samples."""
    bounds = {"correction_cap": 1.05, "correction_floor": 0.5}
    corrected = steps(faults.inject(make("grpo", correction=kind, **bounds), faults.TooCold))
    plain = steps(faults.inject(make("grpo"), faults.TooCold))
    assert [line["algorithm"]["ratio_deviation"] < 1e-5 for line in corrected] == [True] * 4
    assert [line["algorithm"]["ratio_deviation"] > 1e-3 for line in plain] == [True] * 4
    assert all(0 < line["mismatch"]["cut"] < 1 for line in corrected)
    assert all("cut" not in line["mismatch"] for line in plain)
    assert corrected[0]["mismatch"]["kl"] == plain[0]["mismatch"]["kl"]
    assert corrected[0]["loss"] != plain[0]["loss"]


def test_log_probs_that_are_no_numbers_end_the_run_before_the_update(make: Make) -> None:
    class Broken(faults.Faithful):
        def generate(self, *args: Any, **kwargs: Any) -> Any:
            responses = super().generate(*args, **kwargs)
            return replace(responses, logp=torch.full_like(responses.logp, -torch.inf))

    run = faults.inject(make("grpo"), Broken)
    with pytest.raises(RunError, match="log-probs that are not finite"):
        run.train()
    assert not list(read_lines(run.folder / "steps.jsonl"))


def test_a_fault_stands_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", blank)
    arms = [Arm(name="clean", algorithm="grpo"), Arm(name="stale", algorithm="grpo")]
    comparison = plan(tmp_path / "c", Config.model_validate(SMALL), arms, "bench compare")
    problems = load_problems(comparison.config)
    for planned in comparison.runs:
        where, arm, seed = planned.folder, planned.arm, planned.seed
        run = Trainer(where, comparison.config, arm, seed, comparison.base, problems)
        engine = faults.Stale if arm.name == "stale" else faults.Faithful
        assert faults.inject(run, engine).train()
    told = write_report(comparison.folder)
    assert told["arms"]["clean"]["mismatch"]["kl"] < 1e-9
    assert told["arms"]["stale"]["mismatch"]["kl"] > 1e-3
    text = (comparison.folder / "report" / "report.md").read_text()
    warning = next(line for line in text.splitlines() if "did not sample from the policy" in line)
    assert "stale: KL" in warning
    assert "clean" not in warning


class Rehearsal(GRPOToken):
    """A plug-in's idea of replay: last step's responses first, and no metric says so."""

    name = "rehearsal"
    last: Rollouts | None = None

    def weigh(self, rollouts: Rollouts, *rest: Any) -> Batch:
        fresh = super().weigh(rollouts, *rest)
        fresh.weight[0] = 0.0  # and one of the new ones is not used
        old, self.last = self.last, rollouts
        if old is None:
            return fresh
        ones = torch.ones(len(old))
        return Batch(
            rollouts=Rollouts.concat([old, rollouts]),
            advantage=torch.cat([0 * ones, fresh.advantage]),
            weight=torch.cat([ones, fresh.weight]),
            metrics={"rehearsed": len(old)},
        )


def test_replayed_rows_are_told_from_fresh_ones_whatever_they_are_called(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("srpo_bench.harness.running.methods.get", lambda name: Rehearsal)
    run = make("grpo-token")
    lines = steps(run)
    assert [line["algorithm"].get("rehearsed", 0) for line in lines] == [0, 16, 16, 16]
    assert [line["ledger"]["responses_discarded"] for line in lines] == [1] * 4
    train = [s for s in read_lines(run.folder / "samples.jsonl") if s["phase"] == "train"]
    assert {s["expected"] for s in train if s["outcome"] == "correct"} == {
        s["answer"] for s in train if s["outcome"] == "correct"
    }
    for step in range(1, 5):
        rows = [s for s in train if s["step"] == step]
        for group in (rows[i : i + 4] for i in range(0, 16, 4)):
            rewards, worth = (torch.tensor([s[k] for s in group]) for k in ("reward", "advantage"))
            expected = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
            muted = torch.tensor([s["truncated"] for s in group])
            torch.testing.assert_close(worth, expected.masked_fill(muted, 0.0))


def test_what_a_choice_costs_is_booked(make: Make) -> None:
    """SPEED screens with 2 of 4 responses; PODS generates 16 of which 4 are kept; both are paid."""
    for line in steps(make("speed", 3, prompts_per_step=2)):
        told, entry = line["algorithm"], line["ledger"]
        completed = min(told["qualified"], 2) or 2
        assert told["rounds"] == told["screened"] / 2
        assert entry["responses"] == 2 * told["screened"] + 2 * completed
        assert entry["prompts"] == told["screened"] + completed
        assert entry["responses"] - entry["responses_discarded"] == 4 * completed
        assert line["groups"] == told["screened"]  # a completed group is the screened one
    for line in steps(make("pods", 2)):
        entry = line["ledger"]
        assert (entry["prompts"], entry["responses"]) == (4, 64)
        assert entry["responses_discarded"] == 48
        assert entry["verifier_calls"] == 64
        assert line["groups"] == 4


@pytest.mark.parametrize("name", ["dapo+dps", "grpo-token+greso", "srpo+npr", "mopps"])
def test_an_arm_is_an_algorithm_and_a_sampler_and_resumes_exactly(make: Make, name: str) -> None:
    straight = steps(make(name))
    run = make(name)
    assert not run.train(stop=lambda: True)
    again = make(name)
    again.folder, again.attempt = run.folder, Attempt(run.folder)
    assert again.train()
    assert list(read_lines(run.folder / "steps.jsonl")) == straight
