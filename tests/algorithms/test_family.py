"""What holds for every algorithm alike."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from srpo_bench.algorithms.advantage import normalised
from srpo_bench.algorithms.base import Algorithm
from srpo_bench.algorithms.batch import Batch, Grades, Rollouts, Totals
from srpo_bench.algorithms.registry import BUILT_IN, SAMPLERS, get, get_sampler
from tests.algorithms.pair import Pair

NAMES = list(BUILT_IN)
KINDS = ["math", "math", "code"] * 4
STEPS = 16


ARMS = [*NAMES, *(f"grpo-token+{name}" for name in SAMPLERS)]


def _make(name: str, plan: Any, **settings: Any) -> Pair:
    return Pair.make(name, plan(KINDS, steps=STEPS), **settings)


def _loss(
    algorithm: Algorithm[Any], batch: Batch, totals: Totals, seed: int = 0
) -> tuple[Tensor, Tensor, dict[str, float]]:
    """Loss, gradient and sums under a policy that depends on each response's tokens alone."""
    r = batch.rollouts
    moved = torch.sin(r.tokens.double() + torch.arange(r.tokens.shape[1]) + seed)
    logp = (r.logp.double() + 0.4 * moved).requires_grad_()
    ref = r.logp.double() - 0.1 * moved if algorithm.needs_reference else None
    loss, sums = algorithm.loss(logp, ref, batch, totals)
    loss.backward()
    assert logp.grad is not None
    return loss.detach(), logp.grad, sums


@pytest.mark.parametrize("name", NAMES)
def test_loss_gradient_and_metrics_do_not_depend_on_the_cut(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan)
    algorithm = arm.algorithm
    for step in range(1, 5):
        batch = arm.step(step, sample, grade)
    totals = Totals.of(batch, max_tokens=7)
    loss, gradient, sums = _loss(algorithm, batch, totals)
    order = torch.randperm(len(batch), generator=torch.Generator().manual_seed(1))
    for size in (1, 3, 7):
        parts = [(i, _loss(algorithm, batch.rows(i), totals)) for i in order.split(size)]
        cut = torch.zeros_like(gradient)
        for index, (_, g, _) in parts:
            cut[index] = g
        torch.testing.assert_close(cut, gradient, rtol=1e-12, atol=1e-12)
        total = torch.stack([part for _, (part, _, _) in parts]).sum()
        torch.testing.assert_close(total, loss, rtol=1e-6, atol=1e-9)
        for key, value in sums.items():
            assert sum(s[key] for _, (_, _, s) in parts) == pytest.approx(value, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n not in ("grpo", "grpo-again", "random-reward")]
)
def test_rows_worth_nothing_may_be_left_out_of_the_forward_pass(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan)
    algorithm = arm.algorithm
    assert not algorithm.needs_reference
    batch = arm.step(3, sample, grade)
    totals = Totals.of(batch, max_tokens=7)
    loss, _, sums = _loss(algorithm, batch, totals)
    kept = ((batch.advantage != 0) & (batch.weight != 0)).nonzero().squeeze(1)
    less, _, fewer = _loss(algorithm, batch.rows(kept), totals)
    torch.testing.assert_close(less, loss)
    assert fewer == pytest.approx(sums)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_any_weight_changes_nothing(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan)
    algorithm, batch = arm.algorithm, arm.step(1, sample, grade)
    batch.weight = torch.zeros_like(batch.weight)
    loss, gradient, sums = _loss(algorithm, batch, Totals.of(batch, max_tokens=7))
    assert loss == 0
    assert (gradient == 0).all()
    assert all(value == 0 for value in sums.values())


@pytest.mark.parametrize("name", ARMS)
def test_same_streams_same_run_and_a_resumed_one_goes_on_exactly(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    straight, killed = _make(name, plan), _make(name, plan)
    for step in range(1, STEPS + 1):
        if step in (3, 8, 9):
            killed = killed.resumed()
        a, b = (arm.step(step, sample, grade) for arm in (straight, killed))
        assert a.rollouts.prompts == b.rollouts.prompts
        assert a.metrics == b.metrics
        for x, y in ((a.advantage, b.advantage), (a.weight, b.weight)):
            assert torch.equal(x, y)
        assert torch.equal(a.rollouts.logp, b.rollouts.logp)
        one, other = straight.sampler, killed.sampler
        assert (one.epoch, one.pool_size) == (other.epoch, other.pool_size)
        assert one.metrics() == other.metrics()


@pytest.mark.parametrize(
    ("kind", "name"), [(get, n) for n in NAMES] + [(get_sampler, n) for n in SAMPLERS]
)
def test_everything_a_reader_is_shown_is_there(kind: Any, name: str) -> None:
    kind = kind(name)
    assert kind.name == name
    assert kind.paper
    assert kind.formula
    assert "\n" not in kind.changes
    fields = kind.Settings.model_fields
    sources = {key: (info.json_schema_extra or {})["source"] for key, info in fields.items()}
    assert all(info.description for info in fields.values())
    assert {key for key, source in sources.items() if source == "unpublished"} == set(
        kind.unpublished
    )


@pytest.mark.parametrize("name", NAMES)
def test_unknown_settings_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="no_such_setting"):
        get(name).Settings(no_such_setting=1)


@pytest.mark.parametrize("kind", [get(n) for n in NAMES] + [get_sampler(n) for n in SAMPLERS])
@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_numbers_that_no_record_can_hold_are_refused(kind: Any, value: float) -> None:
    for name, field in kind.Settings.model_fields.items():
        if field.annotation is float:
            with pytest.raises(ValidationError, match="finite number"):
                kind.Settings(**{name: value})


def _rewarded(sample: Any, rewards: list[float]) -> tuple[Rollouts, Grades]:
    rollouts = sample([f"math-{i}" for i in range(len(rewards) // 4)], 4, seed=0)
    rollouts.truncated[:] = False
    reward = torch.tensor(rewards)
    return rollouts, Grades(reward, (reward >= 1).float())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_optimised_is_the_reward_not_the_accuracy(
    name: str, plan: Any, sample: Any
) -> None:
    rollouts, grades = _rewarded(sample, [0.1, 0.0, 0.0, 0.0] * 4)  # nothing but a small bonus
    algorithm = _make(name, plan).algorithm
    batch = algorithm.weigh(rollouts, grades, lambda r: r.logp, torch.Generator())
    reward = torch.tensor([0.1, 0.0, 0.0, 0.0] * 4)
    agrees = torch.equal(batch.advantage > 0, reward > 0)
    assert agrees == (name != "random-reward")


MIXED, SOLVED, HOPELESS = [1.0, 0, 0, 0], [1.0] * 4, [0.0] * 4


def test_grpo_masked_leaves_signal_free_groups_out_of_the_denominator(
    plan: Any, sample: Any
) -> None:
    rollouts, grades = _rewarded(sample, MIXED + SOLVED + HOPELESS)
    rng = torch.Generator()
    algorithm = _make("grpo-masked", plan).algorithm
    batch = algorithm.weigh(rollouts, grades, lambda r: r.logp, rng)
    assert batch.weight.tolist() == [1.0] * 4 + [0.0] * 8
    assert batch.metrics == {"masked": pytest.approx(2 / 3)}
    assert Totals.of(batch, 7).tokens == rollouts.lengths[:4].sum()


def test_random_reward_keeps_the_mean_and_nothing_else(plan: Any, sample: Any) -> None:
    from srpo_bench.algorithms.random_reward import coin

    reward = torch.tensor([0.0, 0.0, 0.0, 1.1]).repeat(5_000)
    rng = torch.Generator().manual_seed(0)
    flipped = coin(reward, rng)
    assert set(flipped.unique().tolist()) == set(reward.unique().tolist())
    assert flipped.mean().item() == pytest.approx(reward.mean().item(), abs=0.02)
    correlation = torch.corrcoef(torch.stack([reward, flipped]))[0, 1]
    assert abs(correlation.item()) < 0.04
    constant = torch.full((8,), 0.3)
    assert torch.equal(coin(constant, rng), constant)


def test_random_reward_hands_on_the_coins_that_it_weighed(
    plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make("random-reward", plan)
    for step in range(1, 5):
        batch = arm.step(step, sample, grade)
        assert batch.reward is not None
        expected = normalised(batch.reward, batch.rollouts.group, 1e-4)
        assert torch.equal(batch.advantage, expected)
    assert _make("grpo", plan).step(1, sample, grade).reward is None


@pytest.mark.parametrize("name", ARMS)
def test_every_column_that_is_recorded_is_declared_and_told(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan)
    recorded: set[str] = set()
    for step in range(1, STEPS + 1):
        batch = arm.step(step, sample, grade)
        _, _, sums = _loss(arm.algorithm, batch, Totals.of(batch, max_tokens=7))
        recorded |= {*batch.metrics, *sums, *arm.sampler.metrics()}
    declared = {**arm.algorithm.logs, **arm.sampler.logs}
    assert recorded == declared.keys() - ({"kl"} - recorded)


def test_what_is_watched_of_a_loss_by_hand(plan: Any) -> None:
    """Two tokens with ratios of 1.3 and ¾ to the sampler, of 1 and ½ to the reference: one is
    clipped; deviations of 0.3 and ¼; k3 of ln ½ is ½ − 1 + ln 2. The other row counts half."""
    kind = get("grpo-token")
    algorithm = kind(kind.Settings(epsilon_low=0.4, beta=0.1), plan(["math"]))
    logp = torch.log(torch.tensor([[0.52, 0.3], [0.5, 0.5]], dtype=torch.float64))
    old = torch.log(torch.tensor([[0.4, 0.4], [0.5, 0.5]], dtype=torch.float64))
    reference = torch.log(torch.tensor([[0.52, 0.15], [0.5, 0.5]], dtype=torch.float64))
    mask = torch.ones(2, 2, dtype=torch.bool)
    rollouts = Rollouts(
        prompts=["p"], prompt_tokens=[[1]], group=torch.zeros(2, dtype=torch.long),
        tokens=torch.zeros(2, 2, dtype=torch.long), mask=mask, logp=old,
        truncated=torch.zeros(2, dtype=torch.bool),
    )  # fmt: skip
    batch = Batch(rollouts, torch.tensor([1.0, 0.0]), torch.ones(2), metrics={})
    k3 = 0.5 - 1 + math.log(2)
    loss, sums = algorithm.loss(logp, reference, batch, Totals.of(batch, max_tokens=7))
    assert sums == pytest.approx({"clip_fraction": 0.25, "ratio_deviation": 0.55 / 4, "kl": k3 / 4})
    assert loss.item() == pytest.approx((-1.2 - 0.75 + 0.1 * k3) / 4)
    plain = kind(kind.Settings(), plan(["math"]))
    assert not plain.needs_reference
    assert "kl" not in plain.loss(logp, None, batch, Totals.of(batch, max_tokens=7))[1]


def test_a_method_that_says_nothing_asks_for_nothing(plan: Any) -> None:
    class Bare(Algorithm[Any]):
        def weigh(self, *_: Any) -> Any: ...

        def loss(self, *_: Any) -> Any: ...

    bare = Bare(Bare.Settings(), plan(["math"]))
    asked = (bare.corrects, bare.reads_outputs, bare.exact_ratio, bare.needs_reference)
    assert asked == (False,) * 4
    assert (bare.sampler, bare.sampler_settings, bare.logs, bare.unpublished) == (
        "shuffled", {}, {}, {}
    )  # fmt: skip
    assert bare.notes == bare.waits_for == bare.parameters() == []
    assert bare.state_dict() == {}


@pytest.mark.parametrize("name", ["grpo", "grpo-token", "gspo"])
def test_without_its_weight_a_kl_term_is_left_out_whoever_has_a_reference(
    name: str, plan: Any, sample: Any, grade: Any
) -> None:
    arm = _make(name, plan, beta=0.0)
    batch = arm.step(1, sample, grade)
    totals, logp = Totals.of(batch, max_tokens=7), batch.rollouts.logp.double()
    loss, sums = arm.algorithm.loss(logp, None, batch, totals)
    again, same = arm.algorithm.loss(logp, logp - 0.5, batch, totals)
    assert float(again) == float(loss)
    assert same == sums
    assert "kl" not in sums


def test_a_coin_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewards 1, 1, 1 and 5: the larger one below a quarter."""
    from srpo_bench.algorithms.random_reward import coin

    drawn = torch.tensor([0.0, 0.2, 0.25, 0.7])
    monkeypatch.setattr(torch, "rand", lambda n, generator: drawn)
    assert coin(torch.tensor([1.0, 1, 5, 1]), torch.Generator()).tolist() == [5, 5, 1, 1]
    assert coin(torch.tensor([-1.0, 0, -1, -1]), torch.Generator()).tolist() == [0, 0, -1, -1]
