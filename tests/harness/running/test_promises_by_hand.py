"""What the trials of a method compare, on lines made by hand: no run is needed for that."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from srpo_bench.harness import layers
from srpo_bench.harness.config import Config
from srpo_bench.harness.running import promises
from srpo_bench.results.store import append_line

LINE = {"step": 1, "loss": 0.5, "grad_norm": 2.0, "who": [1]}


@pytest.mark.parametrize(
    ("draw", "moves"),
    [
        (lambda: torch.rand(1), True),
        (lambda: np.random.rand(), True),
        (lambda: random.random(), True),
        (lambda: torch.rand(1, generator=torch.Generator()), False),
        (lambda: None, False),
    ],
)
def test_a_verb_that_moves_a_global_generator_is_caught(
    draw: Callable[[], object], moves: bool
) -> None:
    movers: list[str] = []

    def verb(*given: Any, **named: Any) -> tuple[Any, Any]:
        draw()
        return given, named

    watched = promises._watched("weigh", verb, promises._global_state, movers)
    assert watched(1, two=2) == ((1,), {"two": 2})
    assert movers == ["weigh"] * moves


def apart(**changes: float) -> str:
    first: dict[str, Any] = {**LINE, **changes}
    return promises._apart([LINE, {}], [first, {}], "how")


def test_runs_are_apart_beyond_what_rounding_explains() -> None:
    assert apart() == apart(loss=0.5004) == apart(grad_norm=2.0019) == apart(who=2) == ""
    assert apart(loss=0.5006) == "loss is 0.5006 instead of 0.5 how"
    assert apart(loss=-0.5) == "loss is -0.5 instead of 0.5 how"
    assert apart(grad_norm=1.997) == "grad_norm is 1.997 instead of 2 how"
    assert apart(grad_norm=2.003) == "grad_norm is 2.003 instead of 2 how"
    near = [{"loss": 0.0, "grad_norm": 1.0}]
    assert promises._apart(near, [{"loss": 9e-6, "grad_norm": 1.0}], "how") == ""
    assert promises._apart(near, [{"loss": 1.1e-5, "grad_norm": 1.0}], "how") != ""


def test_what_differs_is_named() -> None:
    assert promises._differing(LINE, LINE | {"loss": 0.25}) == "loss 0.25 instead of 0.5"
    assert promises._differing(LINE, LINE | {"who": [2]}) == "another who"
    assert promises.STEPS == 5


def test_a_difference_of_the_tolerance_is_none() -> None:
    """In relation to the larger one, or to the floor."""
    for ours, theirs, apart in ((1000.0, 999.0, False), (999.0, 1000.0, False), (0.0, 1e-5, False),
                                (1000.0, 998.9, True), (0.0, 1.1e-5, True)):  # fmt: skip
        told = promises._apart([LINE | {"loss": ours}], [LINE | {"loss": theirs}], "so")
        assert bool(told) == apart


def test_trials_are_of_one_seed_in_folders_that_are_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []

    class Once:
        def __init__(self, *given: Any) -> None:
            made.append(given)

        def train(self) -> None:
            append_line(made[-1][0] / "steps.jsonl", LINE)

    monkeypatch.setattr(promises, "Trainer", Once)
    arm, config, problems = (SimpleNamespace() for _ in range(3))
    trials = promises.Trials(arm, config, problems)  # type: ignore[arg-type]
    assert trials.lines() == [LINE]
    ((folder, *given, _, own),) = made
    assert folder.name.startswith("bench-check-")
    assert not folder.exists()
    assert (given, own) == ([config, arm, 1], problems)


class Four:
    """A batch of four responses."""

    def __init__(self) -> None:
        self.advantage = torch.tensor([5.0, 6.0, 7.0, 8.0])

    def __len__(self) -> int:
        return 4


def test_whole_batches_are_compared_where_every_other_advantage_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One run is shown the others alone, as the learner has it; the second one all of them."""
    seen: list[Any] = []

    def lines(self: promises.Trials, disturb: Callable[[Any], None]) -> list[Any]:
        batch = Four()
        run = SimpleNamespace(
            algorithm=SimpleNamespace(weigh=lambda *_: batch),
            learner=SimpleNamespace(micro_batches=lambda batch, every_row: every_row),
        )
        disturb(run)
        weighed = run.algorithm.weigh("rollouts").advantage.tolist()
        seen.append((weighed, run.learner.micro_batches("batch", False)))
        return [LINE]

    monkeypatch.setattr(promises.Trials, "lines", lines)
    trials = promises.Trials(None, None, None)  # type: ignore[arg-type]
    assert trials.whole() == ""
    assert seen == [([0, 6, 0, 8], False), ([0, 6, 0, 8], True)]


class Short:
    """A run of a step whenever it is trained; its loss is what the disturbances make of it."""

    def __init__(self, folder: Path, config: Any) -> None:
        self.folder, self.config, self.loss = folder, config, 0.5
        self.algorithm: Any = SimpleNamespace(weigh=lambda: None, loss=lambda: None)
        self.sampler: Any = SimpleNamespace(choose=lambda: None, observe=lambda: None)
        self.stops: list[bool] = []

    def train(self, stop: Callable[[], bool] = lambda: False) -> None:
        self.stops.append(stop())
        verbs = (
            self.algorithm.weigh,
            self.algorithm.loss,
            self.sampler.choose,
            self.sampler.observe,
        )
        for verb in verbs:
            verb()
        steps = self.folder / "steps.jsonl"
        step = len(steps.read_text().splitlines()) + 1 if steps.exists() else 1
        append_line(steps, LINE | {"step": step, "loss": self.loss})


def trials(monkeypatch: pytest.MonkeyPatch) -> tuple[promises.Trials, list[Short]]:
    made: list[Short] = []

    def run(self: promises.Trials, folder: Path, config: Any = None) -> Short:
        made.append(Short(folder, config or self.config))
        return made[-1]

    monkeypatch.setattr(promises.Trials, "_run", run)
    config = layers.parse(Config, promises.SMALL, "test")
    return promises.Trials(None, config, None), made  # type: ignore[arg-type]


def test_lines_are_of_one_run_that_may_be_disturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    found, made = trials(monkeypatch)
    assert found.lines() == [LINE | {"loss": 0.5}]

    def disturb(run: Any) -> None:
        run.loss = 0.75

    assert found.lines(disturb=disturb) == [LINE | {"loss": 0.75}]
    assert [run.stops for run in made] == [[False], [False]]


def test_a_stop_after_every_step_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found, made = trials(monkeypatch)
    whole = [LINE | {"step": step, "loss": 0.5} for step in range(1, promises.STEPS + 1)]
    assert found.resumed(whole, {}) == ""
    assert [run.stops for run in made] == [[True]] * promises.STEPS
    assert len({run.folder for run in made}) == 1
    other = [*whole[:2], whole[2] | {"loss": 0.25}, *whole[3:]]
    assert found.resumed(other, {}) == (
        "step 3 has loss 0.5 instead of 0.25 after a stop; what is remembered between steps "
        "belongs in state_dict"
    )


def test_a_number_that_a_stop_loses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = trials(monkeypatch)
    whole = [LINE | {"step": step, "loss": 0.5} for step in range(1, promises.STEPS + 1)]
    assert found.resumed(whole, {"SimpleNamespace.drawn": 2}) == (
        "SimpleNamespace.drawn differs after a stop; what is remembered between steps belongs in "
        "state_dict"
    )


@pytest.mark.parametrize("verb", ["weigh", "loss", "choose", "observe"])
def test_every_verb_is_watched(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = trials(monkeypatch)
    assert found.watched() == ([LINE | {"loss": 0.5}], "", "")
    train = Short.train

    def moved(self: Short, *given: Any) -> None:
        of = self.sampler if verb in ("choose", "observe") else self.algorithm
        watched = getattr(of, verb)
        assert watched.__name__ == "watched"
        train(self, *given)

    monkeypatch.setattr(Short, "train", moved)
    assert found.watched()[1:] == ("", "")
    state = iter(range(100))
    monkeypatch.setattr(promises, "_global_state", lambda: next(state))
    _, drew, turned = found.watched()
    assert drew.startswith("weigh, loss, choose, observe draws from a global generator")
    assert turned == ""


def test_a_verb_that_turns_a_switch_is_told_and_the_switch_put_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, _ = trials(monkeypatch)
    for turn in (
        lambda: torch.set_num_threads(torch.get_num_threads() + 1),
        lambda: torch.set_default_dtype(torch.float64),
        lambda: torch.set_grad_enabled(False),
        lambda: torch.set_float32_matmul_precision("medium"),
        lambda: torch.use_deterministic_algorithms(not torch.get_deterministic_debug_mode()),
        lambda: os.chdir("/"),
    ):
        before = promises._switches()
        inside: list[str] = []
        with found._folder():
            promises._watched("weigh", turn, promises._switches, inside)()
            assert promises._switches() != before
        assert promises._switches() == before
        assert inside == ["weigh"]
    state = iter(range(100))
    monkeypatch.setattr(promises, "_switches", lambda: [next(state)])
    monkeypatch.setattr(promises, "SWITCHES", ((None, lambda value: None),))
    assert found.watched()[2].startswith("weigh, loss, choose, observe sets threads, dtype")


def test_the_same_run_twice_is_compared_step_by_step() -> None:
    whole = [LINE | {"step": step} for step in (1, 2)]
    assert promises._unlike(whole, whole, promises.OF_ITSELF) == ""
    again = [whole[0], whole[1] | {"loss": 0.25}]
    told = promises._unlike(whole, again, promises.OF_ITSELF)
    assert told.startswith("step 2 has loss 0.25 instead of 0.5 the second time; it reads a clock")


def test_a_small_budget_and_another_order_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    found, made = trials(monkeypatch)
    assert found.cut([LINE | {"loss": 0.5}]) == ""
    small = made[-1].config
    assert small.optim.micro_batch_tokens == promises.FEW_TOKENS
    whole = found.config.optim.micro_batch_tokens
    assert (
        small.model_copy(
            update={"optim": small.optim.model_copy(update={"micro_batch_tokens": whole})}
        )
        == found.config
    )
    assert "in small micro-batches" in found.cut([LINE | {"loss": 0.25}])
    seen: list[Any] = []

    class Rows:
        def __len__(self) -> int:
            return 4

        def rows(self, index: torch.Tensor) -> None:
            seen.append(index.tolist())

    monkeypatch.setattr(Short, "__init__", with_rows(Short.__init__, Rows()))
    torch.manual_seed(1)
    assert found.shuffled([LINE | {"loss": 0.5}]) == ""
    order = torch.randperm(4, generator=torch.Generator().manual_seed(0)).tolist()
    assert seen == [order]
    assert "with rows in another order" in found.shuffled([LINE | {"loss": 0.25}])


def with_rows(real: Any, rows: Any) -> Any:
    def init(self: Short, *given: Any) -> None:
        real(self, *given)
        self.algorithm.weigh = lambda *_: rows

    return init


def test_a_trial_is_two_and_a_half_epochs_of_three_prompts_a_step() -> None:
    """Evaluated and saved at the end alone."""
    small: Any = promises.SMALL
    assert small["rollout"] == {"prompts_per_step": 3, "group_size": 6}
    assert small["data"]["pool_size"] * 2.5 == promises.STEPS * 3 == 15
    assert small["steps"] == small["checkpoint_every"] == small["evaluation"]["every"] == 5
    assert (small["evaluation"]["problems"], small["evaluation"]["k"]) == (2, 1)
    assert small["optim"] == {"lr": 2e-4}
