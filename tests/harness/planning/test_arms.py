"""Arms as they are typed: an algorithm, a sampler, or both; and whose a setting is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from srpo_bench.algorithms.base import Settings, setting
from srpo_bench.algorithms.grpo import GRPO
from srpo_bench.algorithms.samplers.dps import DPS, DPSSettings
from srpo_bench.harness.cli.flags import by_arm
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.arms import arm_record, parse_arms
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.results.store import read_json


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
        ("Report=grpo", "'Report' is a file or folder of every comparison; give the arm another"),
        ("stop=grpo", "'stop' is a file or folder of every comparison"),
        ("npr,npr", "Arm 'npr' appears twice; give one a label"),
        ("grpo=dapo,base=grpo", "'grpo' is another method's name, and dapo under it would take"),
        ("dps=grpo,grpo+dps", "'dps' is another method's name"),
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


def test_a_setting_that_no_arm_would_take_is_refused() -> None:
    """max_rounds is of dapo's own sampler; where another arm has that, it holds there."""
    given = {"dapo": {"max_rounds": 4}}
    said = "'dapo.max_rounds' is a setting of dapo's own sampler, 'dynamic', and 'x' has another"
    with pytest.raises(UserError, match=said):
        parse_arms(["grpo", "x=dapo+dps"], given)
    assert parse_arms(["dapo", "x=dapo+dps"], given)[0].sampler_settings == {"max_rounds": 4}
    assert parse_arms(["dps=dapo+dps"], {"dapo": {"optim": {"lr": 0.1}}})[0].optim.lr == 0.1


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


def test_a_key_that_yaml_reads_as_a_number_is_a_name() -> None:
    given: dict[Any, Any] = {1: {"beta": 0.5}}
    (arm,) = parse_arms(["1=grpo"], given)
    assert arm.settings == {"beta": 0.5}
    with pytest.raises(UserError, match="Unknown arm '1'"):
        parse_arms(["grpo"], given)
    numbered: dict[str, Any] = {"grpo": {1: 0.5}}
    with pytest.raises(UserError, match="Unknown setting of 'grpo' '1'"):
        parse_arms(["grpo"], numbered)


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


def test_an_arm_may_have_a_rate_of_its_own() -> None:
    given = {
        "grpo": {"optim": {"lr": 2e-4}},
        "slow": {"optim": {"lr": 1e-5, "updates_per_step": 4}},
    }
    plain, slow, other = parse_arms(["grpo", "slow=grpo", "srpo"], given)
    shared = Config.model_validate({"optim": {"lr": 7e-5, "max_grad_norm": 0.5}})
    assert plain.configured(shared).optim.lr == 2e-4
    assert slow.configured(shared).optim.model_dump() == {
        **shared.optim.model_dump(),
        "lr": 1e-5,
        "updates_per_step": 4,
    }
    assert other.configured(shared) == shared
    assert arm_record(plain)["optim"] == {"lr": 2e-4}
    assert "optim" not in arm_record(other)
    assert Arm(name="slow", algorithm="grpo", optim=arm_record(slow)["optim"]).optim == slow.optim


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"lr": -1.0}, "greater than 0"),
        ({"betas": [0.9, 0.9]}, "betas"),
        (3, "optim|dictionary"),
    ],
)
def test_what_an_arm_may_not_have_of_its_own(value: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_arms(["grpo"], {"grpo": {"optim": value}})


def test_a_rate_of_an_arm_is_no_difference_in_the_contract(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "data": {"tasks": ["micro-gsm8k"], "pool_size": 8},
            "evaluation": {"problems": 1},
            "seeds": [1],
        }
    )
    arms = parse_arms(["grpo", "srpo"], {"srpo": {"optim": {"lr": 3e-4}}})
    planned = plan(tmp_path / "c", config, arms, "bench compare")
    manifests = [read_json(run.folder / "manifest.json") for run in planned.runs]
    assert [m.get("optim") for m in manifests] == [None, {"lr": 3e-4}]
    assert manifests[0]["contract"] == manifests[1]["contract"]
    assert reopen(tmp_path / "c").arms[1].optim.lr == 3e-4


def test_an_arms_record_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in's settings may be of any type."""

    class Bounded(GRPO):
        class Settings(Settings):  # type: ignore[override]
            bounds: tuple[float, float] = (0.1, 0.2)
            where: Path = Path("here")

    monkeypatch.setattr("srpo_bench.harness.planning.arms.get_algorithm", lambda _: Bounded)
    record = arm_record(Arm(name="a", algorithm="grpo", settings={"where": Path("there")}))
    assert record["settings"] == {"bounds": [0.1, 0.2], "where": "there"}
    assert "optim" not in record
