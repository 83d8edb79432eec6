"""What lm-eval hands back, as lines of scores."""

from __future__ import annotations

from typing import Any

import pytest

from srpo_bench.harness.scoring import lm_eval_backend as backend
from srpo_bench.harness.scoring.scores import ScoreLine


def scored(*right: float, error: Any = 0.25) -> list[ScoreLine]:
    lines = [
        {"doc_id": i, "metrics": ["exact"], "filter": "strict", "exact": r}
        for i, r in reversed(list(enumerate(right)))
    ]
    mean = sum(right) / len(right)
    result = {"alias": "t", "exact,strict": mean, "exact_stderr,strict": error}
    return backend._scores(result, lines, "m", "t", len(right))


def test_a_score_has_its_error_and_its_right_answers_in_order() -> None:
    (line,) = scored(1.0, 0.0, 1.0)
    assert (line.model, line.task, line.metric) == ("m", "t", "exact, strict")
    assert (line.n, line.k, line.accuracy) == (3, 1, pytest.approx(2 / 3))
    assert line.stderr == line.stderr_questions == 0.25
    assert line.correct == [1, 0, 1]
    assert scored(0.0, 0.0)[0].correct == [0, 0]
    assert scored(1.0)[0].correct == [1]
    assert scored(0.5, 1.0)[0].correct == []  # no right or wrong
    assert scored(2.0, 1.0)[0].correct == []
    assert scored(1.0, error="N/A")[0].stderr is None


def test_without_a_filter_the_metric_is_itself() -> None:
    (line,) = backend._scores({"acc,none": 0.5, "samples": 3}, [], "m", "t", 2)
    assert (line.metric, line.accuracy, line.stderr, line.correct) == ("acc", 0.5, None, [])
