"""Settings are validated, merged in order, and a wrong name gets a suggestion."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from srpo_bench.harness import config as cfg
from srpo_bench.harness import layers
from srpo_bench.harness.config import (
    Config,
    Data,
    Evaluation,
    Final,
    Optim,
    Reward,
    Rollout,
    Section,
    Vllm,
)
from srpo_bench.harness.errors import UserError
from srpo_bench.tasks.base import Grade, Outcome
from tests.bounds import described


@pytest.mark.parametrize("name", layers.preset_names())
def test_presets_are_valid(name: str) -> None:
    values = layers.read_preset(name)
    values.pop("algorithms", None)
    assert layers.parse(Config, values, name).steps > 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"optim": {"ir": 1}},
            "Unknown setting 'optim.ir' in the settings; did you mean 'optim.lr'?",
        ),
        ({"step": 3}, "Unknown setting 'step' in the settings; did you mean 'steps'?"),
        ({"steps": 0}, "Setting 'steps' in the settings: Input should be greater than 0, got 0."),
        ({"steps": -4}, "Setting 'steps' in the settings: Input should be greater than 0, got -4."),
        (
            {"evaluation": {"problems": {"gsm8k": 0}}},
            "Setting 'evaluation.problems.gsm8k' in the settings: Input should be greater than 0",
        ),
        ({"evaluation": {"problems": 0}}, "Setting 'evaluation.problems' in the settings: "),
        ({"rollout": {"group_size": 1}}, "greater than 1, got 1"),
        ({"seeds": [2, -1]}, "Setting 'seeds.1' in the settings: Input should be greater than or"),
        ({"seeds": [1, 1]}, "In the settings: one of seeds is named twice"),
        ({"targets": [0.5, 0.8, 0.5]}, "one of targets is named twice"),
        ({"sinks": "wandb,wandb"}, "one of sinks is named twice"),
        *(
            ({part: {"tasks": ["math", "svamp", "math"]}}, f"one of {part}.tasks is named twice")
            for part in ("data", "evaluation", "final")
        ),
        ({"model": {"dtype": "float8"}}, "'float32' or 'bfloat16', got 'float8'"),
    ],
)
def test_wrong_settings_are_one_clear_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        layers.parse(Config, values, "the settings")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1: 2", "Setting '1' in the settings: Keys should be strings, got 1."),
        ("optim: {1.5: 2}", "Setting 'optim.1.5' in the settings: Keys should be strings, got 1.5"),
        ("optim.lr: 2", "Setting 'optim.lr' is written by section in a file: optim: {lr: …}."),
        (
            "rollout: {vllm.answer_seconds: 9}",
            "Setting 'rollout.vllm.answer_seconds' is written by section in a file: "
            "rollout: {vllm: {answer_seconds: …}}.",
        ),
    ],
)
def test_keys_of_a_file_that_are_no_text_or_have_dots(
    text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as error:
        layers.parse(Config, layers.stack(layers.read_yaml(file)), "the settings")
    assert message in str(error.value)


def test_unknown_preset_gets_a_suggestion() -> None:
    with pytest.raises(UserError, match="Unknown preset 'micr'; did you mean 'micro'"):
        layers.read_preset("micr")


def test_later_layers_win_and_siblings_stay() -> None:
    merged = layers.merge({"a": {"b": 1, "c": 2}, "d": 1}, {"a": {"b": 5}}, {"d": {"e": 1}})
    assert merged == {"a": {"b": 5, "c": 2}, "d": {"e": 1}}


def test_assignments_are_typed_as_yaml_and_know_scientific_notation() -> None:
    pairs = ["optim.lr=3e-5", "steps=5", "data.tasks=[gsm8k]", "srpo.resample=false", "x=null"]
    assert layers.assignments(pairs) == {
        "optim": {"lr": 3e-5},
        "steps": 5,
        "data": {"tasks": ["gsm8k"]},
        "srpo": {"resample": False},
        "x": None,
    }
    with pytest.raises(UserError, match="path=value"):
        layers.assignments(["optim.lr"])


def test_a_settings_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Cannot read"):
        layers.read_yaml(tmp_path / "absent.yaml")
    bad = tmp_path / "bad.yaml"
    bad.write_text("steps: [1")
    with pytest.raises(UserError, match="is not YAML"):
        layers.read_yaml(bad)
    for text, found in (("- 1", "holds a list"), ("# steps: 1", "sets nothing")):
        bad.write_text(text)
        with pytest.raises(UserError, match=f"bad.yaml {found}; settings are written as in"):
            layers.read_yaml(bad)
    bad.write_text("a: &a\n  b: *a")
    with pytest.raises(UserError, match="an anchor stands within itself"):
        layers.read_yaml(bad)
    bad.write_text("2026-01-02: 2026-01-03")  # what JSON has not is no fault of the file
    assert layers.read_yaml(bad) == {date(2026, 1, 2): date(2026, 1, 3)}


def test_the_early_cadence_is_finer() -> None:
    evaluation = cfg.Evaluation(every=10, early_every=3, early_until=12)
    assert [s for s in range(1, 31) if evaluation.due(s)] == [3, 6, 9, 12, 20, 30]
    assert [s for s in range(1, 31) if cfg.Evaluation(every=10).due(s)] == [10, 20, 30]


@pytest.mark.parametrize(
    ("typed", "seeds"),
    [
        (2, (1, 2)),
        ("2", (1, 2)),
        ("11,12", (11, 12)),
        ("101-104", (101, 102, 103, 104)),
        ("5,7-9", (5, 7, 8, 9)),
        ("42-42", (42,)),
        ([3, 1], (3, 1)),
    ],
)
def test_seeds_as_they_are_typed(typed: object, seeds: tuple[int, ...]) -> None:
    assert Config.model_validate({"seeds": typed}).seeds == seeds


NUMBERS: list[tuple[type[Section], dict[str, str]]] = [
    (Data, {"pool_size": "None in [1, )", "shots": "0 in [0, )"}),
    (
        Vllm,
        {
            "max_model_len": "None in [1, )",
            "gpu_memory_utilization": "0.4 in (0, 1]",
            "cpu_cache_gib": "1 in [1, )",
            "start_seconds": "600 in (0, )",
            "answer_seconds": "600 in (0, )",
        },
    ),
    (
        Rollout,
        {
            "prompts_per_step": "8 in [1, )",
            "group_size": "8 in [2, )",
            "temperature": "1 in (0, )",
            "top_p": "1 in (0, 1]",
            "max_new_tokens": "None in [1, )",
            "rows_at_once": "1024 in [1, )",
            "correction_cap": "3 in (0, )",
            "correction_floor": "0 in [0, )",
        },
    ),
    (
        Optim,
        {
            "lr": "1e-06 in (0, )",
            "eps": "1e-08 in (0, )",
            "weight_decay": "0 in [0, )",
            "warmup_updates": "0 in [0, )",
            "max_grad_norm": "1 in (0, )",
            "updates_per_step": "1 in [1, )",
            "num_iterations": "1 in [1, )",
            "micro_batch_tokens": "16384 in [1, )",
        },
    ),
    (Reward, {"accuracy": "1 in (, )", "format": "0 in (, )", "language": "0 in (, )"}),
    (
        Evaluation,
        {
            "problems": "None in [1, )",
            "k": "1 in [1, )",
            "temperature": "1 in [0, )",
            "top_p": "1 in (0, 1]",
            "every": "10 in [1, )",
            "early_every": "None in [1, )",
            "early_until": "0 in [0, )",
        },
    ),
    (
        Final,
        {
            "problems": "None in [1, )",
            "k": "1 in [1, )",
            "temperature": "1 in [0, )",
            "top_p": "1 in (0, 1]",
            "max_new_tokens": "None in [1, )",
        },
    ),
    (
        Config,
        {
            "steps": "100 in [1, )",
            "threads": "1 in [1, )",
            "checkpoint_every": "50 in [1, )",
            "keep_checkpoints": "1 in [1, )",
            "samples_every": "10 in [1, )",
        },
    ),
]


@pytest.mark.parametrize(("section", "numbers"), NUMBERS, ids=lambda x: getattr(x, "__name__", ""))
def test_what_each_number_is_and_may_be(section: type[Section], numbers: dict[str, str]) -> None:
    found = described(section)
    found.pop("seeds", None)  # a count of seeds is a list of them
    assert found == numbers


def test_greedy_samples_are_all_the_same() -> None:
    with pytest.raises(UserError, match="k samples at temperature 0 are all the same"):
        layers.parse(Config, {"final": {"temperature": 0, "k": 2}}, "--set")
    for final in ({"temperature": 0, "k": 1}, {"temperature": 0.1, "k": 2}):
        layers.parse(Config, {"final": final}, "--set")


def test_layers_by_hand() -> None:
    inner = {"b": {"c": 1}}
    merged = layers.merge({"a": inner})
    merged["a"]["b"]["c"] = 2
    assert inner == {"b": {"c": 1}}  # nobody's own values are changed
    assert layers.merge({"a": 1}, {"a": inner}) == {"a": inner}
    assert layers.nested(["a", "b"], 3) == {"a": {"b": 3}}
    assert layers.deep({"a.b": 3, "a.c": 4, "d": {}}) == {"a": {"b": 3, "c": 4}, "d": {}}
    assert layers.deep({}) == {}
    assert layers.flat({"a": {"b": {"c": 1}, "d": [2]}, "e": 3}) == {"a.b.c": 1, "a.d": [2], "e": 3}
    numbers = {"3e-5": 3e-5, "1E6": 1e6, "-2.5e+3": -2500.0, "1e1234": "1e1234", "e5": "e5"}
    assert {text: layers.scalar(text) for text in numbers} == numbers
    assert layers.assignments(["a=x=y"]) == {"a": "x=y"}
    for wrong in ("=1", "a"):
        with pytest.raises(UserError, match=f"path=value, not '{wrong}'"):
            layers.assignments([wrong])
    with pytest.raises(UserError, match=r"'\[1' is not a YAML value"):
        layers.scalar("[1")


def test_a_place_in_a_union_is_named_by_what_was_typed() -> None:
    with pytest.raises(UserError) as refused:
        layers.parse(Config, {"evaluation": {"problems": {"gsm8k": 0}}}, "x")
    assert str(refused.value).startswith("Setting 'evaluation.problems")
    assert "constrained" not in str(refused.value)
    with pytest.raises(UserError) as refused:
        layers.parse(Config, {"data": {"tasks": {"a": 1}}}, "x")
    assert "got" not in str(refused.value)  # a whole section is not repeated


def test_defaults_that_are_no_numbers() -> None:
    c = Config()
    assert c.seeds == (1, 2, 3, 4, 5, 6, 7, 8)
    assert c.optim.betas == (0.9, 0.95)
    assert (c.rollout.measure_mismatch, c.rollout.vllm.enforce_eager) == (False, True)
    assert c.targets == c.sinks == c.final.tasks == ()
    assert c.evaluation.tasks is c.data.data_dir is c.data.date is c.model.revision is None
    assert c.evaluation_tasks == c.all_tasks == c.data.tasks
    assert c.reward.named == {}


@pytest.mark.parametrize(
    "values",
    [
        {"seeds": []}, {"data": {"tasks": []}}, {"optim": {"betas": [1.0, 0.9]}},
        {"optim": {"betas": [0.9, -0.1]}}, {"optim": {"lr": float("inf")}},
        {"rollout": {"temperature": float("nan")}}, {"targets": [1.0]}, {"targets": [0.0]},
        {"sinks": ["nobody"]}, {"model": {"device": "tpu"}}, {"reward": {"own": "x"}},
    ],
)  # fmt: skip
def test_values_that_are_none(values: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        layers.parse(Config, values, "x")


def test_settings_do_not_change() -> None:
    for section in (Config(), Config().optim, Reward()):
        name = next(iter(type(section).model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(section, name, 1)


def test_what_settings_say_together() -> None:
    c = Config.model_validate({
        "data": {"tasks": ["a", "b"]}, "evaluation": {"tasks": ["b", "c"]},
        "final": {"tasks": ["d", "a"]}, "sinks": "wandb,trackio",
        "optim": {"updates_per_step": 2, "num_iterations": 3, "betas": [0, 0]},
    })  # fmt: skip
    assert c.all_tasks == ("a", "b", "c", "d")
    assert c.evaluation_tasks == ("b", "c")
    assert c.sinks == ("wandb", "trackio")
    assert c.optim.updates_a_step == 6
    day = date(2026, 1, 2)
    assert c.on(day).data.date == day
    assert c.on(day).on(date(2027, 1, 1)).data.date == day
    own = cfg.Arm.model_validate({"name": "a", "algorithm": "g", "optim": {"lr": 0.5}})
    assert own.configured(c).optim == c.optim.model_copy(update={"lr": 0.5})
    reward = Reward.model_validate({"accuracy": 2.0, "format": 0.5, "language": 0.25, "own": 3.0})
    assert reward.named == {"own": 3.0}
    grade = Grade(Outcome.CORRECT, format=0.5, language=0.5, fields={"own": 0.5, "other": 9.0})
    assert reward.of(grade) == 2.0 + 0.25 + 0.125 + 1.5
    assert reward.of(Grade(Outcome.WRONG)) == 0.25
    for name in ("a", "9+b:c.d-e_f"):
        assert cfg.Arm(name=name, algorithm="g").name == name
    for name in ("", "-a", "a b", "a/b"):
        with pytest.raises(ValidationError):
            cfg.Arm(name=name, algorithm="g")
