"""Arms as they are typed: an algorithm, a sampler, or both; and whose a setting is."""

from __future__ import annotations

from typing import Any

import pytest

from srpo_bench.algorithms.base import Settings, setting
from srpo_bench.algorithms.samplers.dps import DPS, DPSSettings
from srpo_bench.harness.cli.flags import by_arm
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.arms import arm_record, parse_arms


def parts(names: str, settings: dict[str, dict[str, Any]] | None = None) -> list[tuple[str, ...]]:
    arms = parse_arms(names.split(","), settings or {})
    return [(arm.name, arm.algorithm, arm.sampler or "") for arm in arms]


def test_an_arm_is_an_algorithm_and_a_sampler() -> None:
    assert parts("grpo,srpo-paper,dapo,dapo+dps,npr,fast=grpo-token+npr,a=hr-random") == [
        ("grpo", "grpo", "shuffled"),
        ("srpo-paper", "srpo-paper", "history"),
        ("dapo", "dapo", "dynamic"),
        ("dapo+dps", "dapo", "dps"),
        ("npr", "grpo-token", "npr"),
        ("fast", "grpo-token", "npr"),
        ("a", "hr-random", "history-random"),
    ]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("nprr", "No algorithm or sampler is called 'nprr'; did you mean 'npr'?"),
        ("grpo+nprr", "No sampler is called 'nprr'; did you mean 'npr'?"),
        ("grpp+npr", "No algorithm is called 'grpp'; did you mean 'grpo'?"),
        ("npr+npr", "No algorithm is called 'npr'"),
        ("a+b=grpo", "'a\\+b' is no label"),
        ("a.b=grpo", "'a.b' is no label"),
        ("=grpo", "'' is no label"),
        ("npr,npr", "Arm 'npr' stands twice; give one a label"),
    ],
)
def test_what_is_no_arm(names: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parts(names)


def test_a_setting_goes_to_the_method_that_has_it() -> None:
    given = {
        "dapo": {"epsilon_high": 0.3, "max_rounds": 4},  # max_rounds: of its own sampler
        "dps": {"decay": 0.9},
        "dapo+dps": {"candidates": 5},
        "slow": {"beta": 0.1, "decay": 0.2},
    }
    dapo, pair, slow = parse_arms(["dapo", "dapo+dps", "slow=grpo-token+dps"], given)
    assert (dapo.settings, dapo.sampler_settings) == ({"epsilon_high": 0.3}, {"max_rounds": 4})
    assert pair.settings == {"epsilon_high": 0.3}
    assert pair.sampler_settings == {"decay": 0.9, "candidates": 5}
    assert (slow.settings, slow.sampler_settings) == ({"beta": 0.1}, {"decay": 0.2})


def test_an_algorithms_own_settings_of_its_sampler_hold_for_that_pair_alone() -> None:
    def stage(name: str, **settings: Any) -> Any:
        (arm,) = parse_arms([name], {name: settings} if settings else {})
        return arm_record(arm)["sampler_settings"]["stage_one_epochs"]

    assert stage("srpo-paper") == stage("srpo-paper+history") == 2
    assert stage("history") == stage("grpo-token+history") == stage("srpo") == 0
    assert stage("srpo-paper", stage_one_epochs=5) == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"npr": {"decay": 1}}, "Unknown setting of 'npr' 'decay'"),
        ({"npr": {"treshold": 1}}, "did you mean 'threshold'?"),
        ({"npr": {"threshold": 2}}, "less than or equal to 1, got 2"),
        ({"dps": {"decay": 0.5}, "zzz": {}}, "Unknown arm 'zzz'"),
    ],
)
def test_what_is_no_setting(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message.replace("?", r"\?")):
        parse_arms(["npr"], given)


def test_a_name_that_both_have_is_said_by_whose_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Both(DPSSettings):
        beta: float = setting(1.0, "another β", "this test")

    monkeypatch.setattr(DPS, "Settings", Both)
    with pytest.raises(UserError, match=r"say grpo-token\.beta or dps\.beta"):
        parse_arms(["a=grpo-token+dps"], {"a": {"beta": 0.5}})
    (arm,) = parse_arms(["a=grpo-token+dps"], {"grpo-token": {"beta": 0.5}, "dps": {"beta": 2.0}})
    assert (arm.settings, arm.sampler_settings) == ({"beta": 0.5}, {"beta": 2.0})
    assert issubclass(Both, Settings)


def test_settings_of_an_arm_are_told_from_shared_ones() -> None:
    assigned: dict[str, Any] = {"optim": {"lr": 1}, "dapo+dps": {"decay": 1}, "dps": {"prior": 2}}
    assert by_arm(assigned, ["dapo+dps"]) == {
        "optim": {"lr": 1},
        "algorithms": {"dapo+dps": {"decay": 1}, "dps": {"prior": 2}},
    }
    with pytest.raises(UserError, match="did you mean 'dapo"):
        by_arm({"dapo+dsp": {"decay": 1}}, ["dapo+dps"])
