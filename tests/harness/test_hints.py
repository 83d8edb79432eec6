"""What is suggested to somebody who typed a setting that is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from srpo_bench.harness.config import Config
from srpo_bench.harness.hints import ELSEWHERE, unknown_setting
from srpo_bench.harness.layers import setting_paths

KNOWN = [*setting_paths(Config), "grpo", "srpo", "grpo.beta", "srpo.replay_fraction"]
KNOWN += ["grpo.epsilon_low", "grpo.epsilon_high"]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("lr", "did you mean 'optim.lr'?"),
        ("beta", "did you mean 'grpo.beta'?"),
        ("optim.learning_rate", "did you mean 'optim.lr'?"),
        ("num_generations", "did you mean 'rollout.group_size'?"),
        ("optim.per_device_train_batch_size", "did you mean 'optim.micro_batch_tokens'?"),
        ("optim.ir", "did you mean 'optim.lr'?"),
        ("optm.lr", "did you mean 'optim.lr'?"),
        ("srpo.replay_fracton", "did you mean 'srpo.replay_fraction'?"),
        ("kl_coef", "did you mean 'grpo.beta'?"),
        ("temperature", "'rollout.temperature' or 'evaluation.temperature' or 'final.temperature'"),
        ("reward.zzz", "there are: reward.accuracy, reward.format, reward.language."),
    ],
)
def test_the_nearest_setting(typed: str, hint: str) -> None:
    error = str(unknown_setting(typed, KNOWN, "the settings"))
    assert error.startswith(f"Unknown setting '{typed}' in the settings; ")
    assert error.endswith(hint) or hint in error


def test_where_there_is_no_such_section_the_settings_without_one_are_named() -> None:
    assert str(unknown_setting("zz.qq", ["steps", "optim.lr", "seeds"])) == (
        "Unknown setting 'zz.qq'; there are: steps, seeds."
    )


def test_every_name_from_elsewhere_leads_to_a_setting() -> None:
    lasts = {name.rpartition(".")[2] for name in KNOWN}
    assert all(ours in KNOWN or ours in lasts for ours in ELSEWHERE.values())
    assert not set(ELSEWHERE) & lasts


PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-trl.md"
NAME = re.compile(r"`([\w.]+)`")
ROWS = [line.split("|")[1:4] for line in PAGE.read_text().splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("row", ROWS[:28], ids=lambda row: row[0].strip())
def test_the_page_for_who_comes_from_trl_names_what_the_hints_name(row: list[str]) -> None:
    *theirs, ours = row
    (setting, *_) = [*NAME.findall(ours), ""]
    for name in (name for cell in theirs for name in NAME.findall(cell)):
        told = str(unknown_setting(name, KNOWN))
        if setting in KNOWN:
            assert name == setting.rpartition(".")[2] or f"'{setting}'" in told
        else:
            assert told.startswith(f"Unknown setting '{name}'; ")
            assert any(word in told for word in ("--reward", "bench algos", "nothing", "reward"))


@pytest.mark.parametrize(
    ("typed", "known", "said"),
    [
        ("a.loss_type", ["a.x"], "; here that is another algorithm, see bench algos."),
        ("custom_reward_function.path", [], "; here that is --reward FILE.py:function."),
        ("a.zzz", ["a.x"], "; there is: a.x."),
        ("zzz", ["a.x", "b", "c"], "; there are: b, c."),
        ("m", [f"{s}.m" for s in "abcde"], "; did you mean 'a.m' or 'b.m' or 'c.m'?"),
        ("x.abcdefghij", ["x.abcdefg", "x.other"], "; did you mean 'x.abcdefg'?"),
        ("n", ["rollout.group_size", "n"], "; did you mean 'rollout.group_size'?"),
        ("a.b.loss_type", ["a.x"], "; here that is another algorithm, see bench algos."),
        ("x.custom_reward_function.path", [], "; here that is --reward FILE.py:function."),
        ("x.path", ["x.y"], "; there is: x.y."),
        ("a.lear", ["a.learn", "a.leary", "b"], "; did you mean 'a.leary'?"),
        ("aaa.learns", ["aab.learnt", "aac.learnt"], "; did you mean 'aac.learnt'?"),
        ("aaaaaa.wow", ["aaaaab.wuw", "aaaaac.wiw"], "; did you mean 'aaaaac.wiw'?"),
        (
            "p.learns",
            ["q.learnt", "r.learnt", "q.learnd"],
            "; did you mean 'q.learnt' or 'r.learnt'?",
        ),
        ("rollout.name", ["rollout.engine"], "; did you mean 'rollout.engine'?"),
    ],
)
def test_what_is_said_of_a_setting_by_hand(typed: str, known: list[str], said: str) -> None:
    assert str(unknown_setting(typed, known)) == f"Unknown setting '{typed}'{said}"
