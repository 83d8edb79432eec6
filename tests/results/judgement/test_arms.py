"""Which arm is which, named or not."""

from __future__ import annotations

import pytest

from srpo_bench.results.judgement.arms import pairs
from srpo_bench.results.runs import Comparison
from srpo_bench.results.store import ResultsError
from tests.results.made import comparison


def planned(*arms: str, baseline: str | None = None) -> Comparison:
    return comparison(arms=[{"arm": arm} for arm in arms], baseline=baseline)


TWO, THREE = planned("grpo", "srpo"), planned("grpo", "dapo", "srpo")


@pytest.mark.parametrize(
    ("here", "baseline", "challenger", "found"),
    [
        (TWO, None, None, [("srpo", "grpo")]),
        (TWO, "srpo", None, [("grpo", "srpo")]),
        (TWO, None, "grpo", [("grpo", "srpo")]),
        (THREE, None, None, [("dapo", "grpo"), ("srpo", "grpo")]),
        (THREE, "dapo", None, [("grpo", "dapo"), ("srpo", "dapo")]),
        (THREE, None, "srpo", [("srpo", "grpo")]),
        (THREE, "dapo", "srpo", [("srpo", "dapo")]),
        (planned("a", "b", baseline="b"), None, None, [("a", "b")]),
    ],
)
def test_pairs_of_arms(
    here: Comparison, baseline: str | None, challenger: str | None, found: list[tuple[str, str]]
) -> None:
    assert pairs(here, baseline, challenger) == found


@pytest.mark.parametrize(
    ("here", "baseline", "challenger", "said"),
    [
        (THREE, "ppo", None, "There is no arm 'ppo' here; there are grpo, dapo, srpo."),
        (TWO, None, "ppo", "There is no arm 'ppo' here; there are grpo, srpo."),
        (TWO, "grpo", "grpo", "'grpo' cannot be compared with itself; name two arms."),
        (planned("grpo"), None, None,
         "Name --baseline and --challenger; the arms here are grpo."),
        (THREE, None, "grpo",
         "Name --baseline and --challenger; the arms here are grpo, dapo, srpo."),
    ],
)  # fmt: skip
def test_what_is_no_pair(
    here: Comparison, baseline: str | None, challenger: str | None, said: str
) -> None:
    with pytest.raises(ResultsError) as refused:
        pairs(here, baseline, challenger)
    assert str(refused.value) == said
