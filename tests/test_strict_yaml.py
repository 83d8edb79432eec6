"""A key that stands twice in a YAML file loses nothing without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from srpo_bench import strict_yaml
from srpo_bench.harness.config import Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.layers import parse, read_yaml, scalar
from srpo_bench.results.judgement.claims import load as load_claims
from srpo_bench.results.store import ResultsError
from srpo_bench.tasks.base import TaskError
from srpo_bench.tasks.described import read as read_task

TWICE = "optim: {lr: 1}\nsteps: 3\noptim: {eps: 2}\n"
SAID = r"is not YAML: 'optim' stands twice in one mapping in .* line 3, column 1"


def test_other_yaml_is_as_pyyaml_reads_it() -> None:
    for text in ("", "3", "[a, {b: 1}, {b: 2}]", "a: {b: 1}\nc: {b: 1}"):
        assert strict_yaml.load(text) == yaml.safe_load(text)
    with pytest.raises(yaml.YAMLError):
        strict_yaml.load("!!python/object/apply:os.getcwd []")


@pytest.mark.parametrize(("k", "steps"), [("k", "steps"), ("lr", "b")])  # one letter is shared
def test_what_is_merged_gives_way(k: str, steps: str) -> None:
    """To the mapping's own keys, and to mappings named before it."""
    text = f"""
x: &x {{{k}: 1, {steps}: 2}}
own: &own {{<<: *x, {k}: 3}}
again: {{<<: *own, {steps}: 4}}
first: {{<<: [*own, *x], c: 0}}
other: {{<<: [*x, *own]}}
last: {{{steps}: 5, <<: *own}}
"""
    loaded = strict_yaml.load(text)
    assert loaded == {
        "x": {k: 1, steps: 2},
        "own": {k: 3, steps: 2},
        "again": {k: 3, steps: 4},
        "first": {k: 3, steps: 2, "c": 0},
        "other": {k: 1, steps: 2},
        "last": {steps: 5, k: 3},
    }


@pytest.mark.parametrize("value", ["3", "[3]", "[{a: 1}, b]"])
def test_only_mappings_are_merged(value: str) -> None:
    with pytest.raises(yaml.YAMLError, match="'<<' merges mappings only"):
        strict_yaml.load(f"x: {{<<: {value}}}")


def test_numbers_and_truths_are_those_of_yaml_1_2() -> None:
    numbers = {
        "-3": -3,
        "+7": 7,
        "0": 0,
        "1e-4": 1e-4,
        "3E5": 3e5,
        ".5": 0.5,
        "5.": 5.0,
        "1.5e3": 1500,
    }
    assert {text: strict_yaml.load(text) for text in numbers} == numbers
    assert [strict_yaml.load(text) for text in ("true", "False", "~", "")] == [
        True,
        False,
        None,
        None,
    ]
    assert strict_yaml.load("-.inf") == -strict_yaml.load(".Inf") == -float("inf")
    texts = (
        "010",
        "00",
        "1:30",
        "0x10",
        "1_000",
        "yes",
        "on",
        "Off",
        "n",
        "12e",
        "e5",
        "1e-4x",
        "+",
    )
    assert [strict_yaml.load(text) for text in texts] == list(texts)


def test_a_setting_with_leading_zeros_is_what_it_looks_like() -> None:
    said = scalar("010"), scalar("3e-5"), scalar("yes")
    config = parse(Config, {"steps": said[0], "optim": {"lr": said[1]}}, "the settings")
    assert (config.steps, config.optim.lr) == (10, 3e-5)
    with pytest.raises(UserError, match="'steps' in the settings: Input should be a valid integer"):
        parse(Config, {"steps": said[2]}, "the settings")


@pytest.mark.parametrize("text", ["a: 1\na: 1", "{a: 1, 'a': 2}", "- b: {a: 1, c: 2, a: 3}"])
def test_a_key_stands_once(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="'a' stands twice in one mapping"):
        strict_yaml.load(text)


def test_settings_tasks_and_claims_are_read_so(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(TWICE)
    with pytest.raises(UserError, match=SAID):
        read_yaml(path)
    with pytest.raises(TaskError, match=SAID):
        read_task(path, tmp_path)
    with pytest.raises(ResultsError, match=SAID):
        load_claims([path])
