"""Asked and built once: what planning tries the shipped base on, and the commands of ``bench``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache

import pytest
import typer.main

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
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield
