"""The shipped base is a testbed: seldom right, often able to be, and careful when it begins so."""

from __future__ import annotations

import pytest

from benchmarks.micro_base import figures, measure, openings
from srpo_bench.harness.models.micro import shipped_base
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.tasks.micro.corpus import FAMILIES
from srpo_bench.tasks.micro.family import MicroTask

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("task", FAMILIES[:2], ids=lambda task: task.name)
def test_base_is_seldom_right_but_can_be(task: MicroTask) -> None:
    policy = load_policy(shipped_base(), "float32", "cpu")
    problems = task.load("dev")[:120]
    free = measure(policy, task, problems, 8)
    careful, quick = (measure(policy, task, problems, 2, o) for o in openings(policy, task))
    found = figures(free, careful, quick, list(range(len(problems))))
    assert 0.12 <= found["avg"] <= 0.38  # 15-35 %, and the noise of 120 problems
    assert found["pass"] >= 0.60
    assert found["careful"] >= 0.95
    assert found["quick"] <= 0.20
    assert found["careful tokens"] > 2 * found["quick tokens"]
