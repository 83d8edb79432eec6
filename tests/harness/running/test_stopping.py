"""A stop is obeyed after the step, and at once within an evaluation, which is then owed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.problems.load import load_problems
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.harness.running.stopping import InterruptedScoringError, Stop
from srpo_bench.results.store import read_lines

SMALL: dict[str, Any] = {
    "steps": 3,
    "seeds": [1],
    "data": {"tasks": ["micro-gsm8k"], "pool_size": 4},
    "rollout": {"prompts_per_step": 2, "group_size": 2, "max_new_tokens": 8},
    "optim": {"lr": 2e-4},
    "evaluation": {"tasks": ["micro-gsm8k", "micro-math"], "problems": 2, "every": 2},
    "final": {"tasks": ["micro-math"], "problems": 2, "max_new_tokens": 8},
    "checkpoint_every": 100,
    "samples_every": 1,
}
RECORDS = ("steps.jsonl", "evals.jsonl", "samples.jsonl", "final.json")


def run_in(folder: Path) -> Trainer:
    config = layers.parse(Config, SMALL, "test")
    folder.mkdir(exist_ok=True)
    arm = Arm(name="grpo", algorithm="grpo")
    return Trainer(folder, config, arm, 1, resolve(config.model), load_problems(config))


def records(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in RECORDS if (folder / name).exists()}


class Interrupted(TorchEngine):
    """Asks for a stop in the middle of its n-th batch, as a signal does."""

    stop: Stop
    batch: int
    calls = 0

    def generate(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls == self.batch:
            self.stop.ask()
        return super().generate(*args, **kwargs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("whole")
    assert run_in(folder).train()
    return records(folder)


# Batches: 1, 2 evaluation of step 0; 3, 4 steps 1, 2; 5, 6 evaluation of step 2; 7 step 3;
# 8, 9 evaluation of step 3; 10 the final pass.
@pytest.mark.integration
@pytest.mark.parametrize(
    ("batch", "checkpoint", "evaluations"),
    [(1, [], 0), (2, [], 0), (3, [1], 1), (5, [2], 1), (6, [2], 1), (9, [3], 2), (10, [3], 3)],
)
def test_an_interrupted_run_goes_on_to_the_same_lines(
    tmp_path: Path, whole: dict[str, str], batch: int, checkpoint: list[int], evaluations: int
) -> None:
    run, stop = run_in(tmp_path), Stop()
    engine = Interrupted(run.policy, 64)
    engine.stop, engine.batch = stop, batch
    run.engine = run.collector.engine = engine
    assert not run.train(stop, stop.at_once)
    assert engine.calls == batch  # nothing more was generated once the stop had been asked for
    names = [p.name for p in (tmp_path / "checkpoints").glob("*")] if checkpoint else []
    assert names == [f"step-{step}" for step in checkpoint]
    assert len(list(read_lines(tmp_path / "evals.jsonl"))) == evaluations
    assert not (tmp_path / "final.json").exists()
    assert run_in(tmp_path).train()
    assert records(tmp_path) == whole
    steps = [line["step"] for line in read_lines(tmp_path / "timing.jsonl")]
    assert sorted(set(steps)) == [0, 1, 2, 3]


@pytest.mark.integration
def test_a_run_that_died_after_its_last_scoring_keeps_no_half_of_it(
    tmp_path: Path, whole: dict[str, str]
) -> None:
    """final.json is written after its samples, and the last checkpoint lies before both."""
    assert run_in(tmp_path).train()  # killed here, it has not said "done" yet
    assert run_in(tmp_path).train()
    assert records(tmp_path) == whole
    timing = list(read_lines(tmp_path / "timing.jsonl"))
    assert [line["step"] for line in timing] == [0, 1, 2, 3, 3]
    assert timing[-1]["evaluation"] > 0


def test_a_run_that_was_told_to_stop_before_it_began_evaluates_nothing(tmp_path: Path) -> None:
    run, stop = run_in(tmp_path), Stop()
    stop.ask()
    assert not run.train(stop, stop.at_once)
    assert not any(records(tmp_path).values())


def test_a_stop_leaves_the_block_once_and_is_remembered() -> None:
    stop = Stop()
    assert not stop()
    with stop.at_once():
        pass
    stop.ask()  # outside of a block: nothing is raised
    assert stop()

    def interrupted() -> Iterator[str]:
        later = Stop()
        try:
            with later.at_once():
                later.ask()
                yield "not reached"
        except InterruptedScoringError:
            later.ask()  # while it saves itself, a second one does no harm
            yield "saved" if later() else "forgotten"

    assert list(interrupted()) == ["saved"]
    assert not issubclass(InterruptedScoringError, Exception)  # no plug-in's handler swallows it


def test_a_second_stop_within_the_block_does_not_interrupt_what_the_first_one_saves() -> None:
    stop = Stop()
    with stop.at_once():
        with pytest.raises(InterruptedScoringError):
            stop.ask()
        stop.ask()
