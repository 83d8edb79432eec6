"""``bench config`` prints what ``--config`` reads."""

from __future__ import annotations

import pytest
import yaml

from srpo_bench.harness import layers
from srpo_bench.harness.cli.settings import print_config, print_presets
from srpo_bench.harness.config import Config


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
