"""``bench config`` prints what ``--config`` reads."""

from __future__ import annotations

import inspect
import re
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel, Field

from srpo_bench.algorithms.correction import Correction
from srpo_bench.harness import layers
from srpo_bench.harness.cli import options, settings
from srpo_bench.harness.cli.settings import print_config, print_presets
from srpo_bench.harness.cli.training import tune
from srpo_bench.harness.config import Config, Rollout
from srpo_bench.harness.tuning.search import SEEDS


@pytest.mark.parametrize("preset", layers.preset_names())
def test_what_is_printed_is_the_preset(preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_config(preset)
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed.pop("preset") == preset
    values = layers.read_preset(preset)
    assert printed.pop("algorithms", {}) == values.pop("algorithms", {})
    assert set(printed) == set(Config.model_fields)
    assert Config.model_validate(printed) == Config.model_validate(values)


def test_presets_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_presets()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == layers.preset_names()
    assert all(len(line.split()) > 3 for line in lines)


def test_the_settings_name_the_corrections_that_there_are() -> None:
    assert get_args(Rollout.model_fields["correction"].annotation) == get_args(Correction)


def test_help_names_the_engines_and_the_seeds_that_there_are() -> None:
    engines = get_args(Rollout.model_fields["engine"].annotation)
    (option,) = get_args(options.Engine)[1:]
    assert re.split(r", | or ", option.help.removeprefix("what samples: ")) == list(engines)
    text = str(inspect.signature(tune).parameters["seeds"])
    assert f"default: {SEEDS[0]}-{SEEDS[-1]}," in text


def test_the_page_of_settings_is_of_one_width_and_keeps_the_order(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Told(BaseModel):
        inner: int = Field(3, description=" ".join("a" * 100))

    class Whole(BaseModel):
        value: int = Field(2, description=" ".join("b" * 100))
        section: Told = Told()

    settings._section(Whole(), "")
    lines = capsys.readouterr().out.splitlines()
    outer, inner = ([" ".join(letter * n) for n in of] for letter, of in (
        ("b", (48, 48, 4)), ("a", (47, 47, 6)),
    ))  # fmt: skip
    assert lines == [
        *(f"# {words}" for words in outer), "value: 2", "section:",
        *(f"  # {words}" for words in inner), "  inner: 3",
    ]  # fmt: skip
    values = {"algorithms": {"srpo": {"half_life": 2}, "grpo": {"beta": 0.5, "alpha": 1}}}
    monkeypatch.setattr(layers, "read_preset", lambda _: dict(values))
    print_config("mine")
    assert capsys.readouterr().out.endswith(
        "# An algorithm's own settings; bench algos show NAME lists them.\n"
        "algorithms:\n  srpo: {half_life: 2}\n  grpo: {beta: 0.5, alpha: 1}\n"
    )
