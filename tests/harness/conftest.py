"""Planning tries the model on its prompts: of the shipped base the same question is asked once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from srpo_bench.harness.models.micro import shipped_base
from srpo_bench.harness.planning import prepare
from srpo_bench.harness.rollouts.probe import Question, probe


@pytest.fixture(scope="package", autouse=True)
def _asked_once() -> Iterator[None]:
    answered: set[str] = set()

    def once(question: Question) -> None:
        key = json.dumps(asdict(question))
        if key not in answered:
            probe(question)
        if (question.base, question.device) == (str(shipped_base()), "cpu"):
            answered.add(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "probe", once)
        yield
