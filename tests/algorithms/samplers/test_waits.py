"""What a method's rule waits for, as data for the manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from srpo_bench.algorithms.base import RunInfo
from srpo_bench.algorithms.batch import PromptInfo
from srpo_bench.algorithms.registry import get
from srpo_bench.algorithms.samplers.history import History
from srpo_bench.algorithms.samplers.history_random import HistoryRandom
from srpo_bench.algorithms.samplers.npr import NPR
from srpo_bench.algorithms.samplers.shuffled import Shuffled

BOUNDARY = {"event": "epoch-boundary-with-solved-prompt"}
INFO = RunInfo(
    tuple(PromptInfo(f"{kind}-{i}", kind) for kind in ("math", "code") for i in range(4)),
    *(2, 4, 20),
    max_new_tokens=8,
)


@pytest.mark.parametrize(
    ("kind", "settings", "waits"),
    [
        (Shuffled, {}, []),
        (History, {}, [BOUNDARY]),
        (History, {"resample": False}, []),
        (History, {"stage_one_epochs": 2}, [BOUNDARY, {"event": "stage-switch", "step": 5}]),
        (History, {"readmit_after": 2}, [BOUNDARY | {"returns_after": 2}]),
        (HistoryRandom, {"stage_one_epochs": 0}, [BOUNDARY | {"returns_after": 1}]),
        (NPR, {"threshold": 0.8}, [BOUNDARY | {"rate": 0.8, "over": "history"}]),
        (NPR, {"rate": "last"}, [BOUNDARY | {"rate": 0.9, "over": "epoch"}]),
        (NPR, {"min_steps": 4}, [BOUNDARY | {"rate": 0.9, "over": "history", "looks": 4}]),
    ],
)
def test_a_sampler_says_what_it_waits_for(
    kind: Callable[..., Any], settings: dict[str, Any], waits: list[dict[str, Any]]
) -> None:
    assert kind(kind.Settings(**settings), INFO).waits_for == waits  # type: ignore[attr-defined]


def test_srpo_waits_for_a_replay_unless_it_replays_nothing() -> None:
    srpo = get("srpo")
    assert srpo(srpo.Settings(), INFO).waits_for == [{"event": "first-replay"}]
    assert srpo(srpo.Settings(replay_fraction=0), INFO).waits_for == []
    grpo = get("grpo")
    assert grpo(grpo.Settings(), INFO).waits_for == []
