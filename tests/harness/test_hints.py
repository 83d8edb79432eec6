"""What is suggested to somebody who typed a setting that is none."""

from __future__ import annotations

import pytest

from srpo_bench.harness.config import Config
from srpo_bench.harness.hints import ELSEWHERE, unknown_setting
from srpo_bench.harness.layers import setting_paths

KNOWN = [*setting_paths(Config), "grpo", "srpo", "grpo.beta", "srpo.replay_fraction"]


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


def test_every_name_from_elsewhere_leads_to_a_setting() -> None:
    lasts = {name.rpartition(".")[2] for name in KNOWN}
    assert all(ours in KNOWN or ours in lasts for ours in ELSEWHERE.values())
    assert not set(ELSEWHERE) & lasts
