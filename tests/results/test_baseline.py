import pytest

from srpo_bench.results.baseline import baseline_of


@pytest.mark.parametrize(
    ("arms", "baseline"),
    [
        ({"srpo": "srpo", "grpo": "grpo"}, "grpo"),
        ({"grpo": "dapo", "plain": "grpo"}, "plain"),  # what it runs comes before what it is called
        ({"srpo": "srpo", "GRPO": "GRPO"}, "GRPO"),
        ({"mine": "own", "Grpo": "other"}, "Grpo"),
        ({"dapo": "dapo", "srpo": "srpo"}, "dapo"),
    ],
)
def test_the_baseline_runs_grpo_or_is_called_so_or_is_the_first(arms, baseline) -> None:
    assert baseline_of(arms) == baseline
