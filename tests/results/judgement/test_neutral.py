"""What pairs show whatever has been claimed, where several challengers are asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import neutral as module
from srpo_bench.results.judgement.neutral import equal_steps, neutrals
from srpo_bench.results.judgement.verify import judges
from srpo_bench.results.statistics.inference import holm, mean
from srpo_bench.results.text import points
from tests.results import synthetic
from tests.results.made import comparison, run

ARMS = {"grpo": 1.0, "srpo": 0.8, "dapo": 0.88, "npr": 1.0, "dps": 1.0, "greso": 1.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.write(tmp_path_factory.mktemp("n") / "c", ARMS, spread=0.05, training=False)


def test_equal_steps_are_one_family_over_the_challengers(folder: Path) -> None:
    found = judges(folder, None, None)
    raw = [judge.contrast.steps.p for judge in found if judge.contrast.steps]
    assert len(raw) == 5
    assert list(equal_steps(found).values()) == holm(np.array(raw)).tolist()


def test_a_pair_told_apart_by_itself_may_not_be_among_five(folder: Path) -> None:
    among = neutrals(judges(folder, None, None))
    alone = neutrals(judges(folder, "grpo", "dapo"))
    assert alone["dapo"].outcome == "fewer steps"
    assert among["dapo"].outcome != "fewer steps"
    assert among["srpo"].outcome == "fewer steps"
    assert "fewer steps (Holm over 5 challengers)" in among["srpo"].sentence
    assert "Holm" not in alone["dapo"].sentence


def test_accuracy_at_the_end_is_no_surer_than_its_sampling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Eight pairs a point apart, each with a sampling error of two: ± 1.96 · 2."""
    race = SimpleNamespace(final=np.full(8, 0.01), error=0.0004)
    found = SimpleNamespace(steps=SimpleNamespace(race=race), axes={}, first_look=None, bound="")
    judge: Any = SimpleNamespace(
        challenger="srpo", baseline="grpo", blocked="", contrast=found, on_word="",
        comparison=comparison(run("grpo"), run("srpo")), starving=SimpleNamespace(own_doing=""),
    )  # fmt: skip
    monkeypatch.setattr(module, "told_apart", lambda *_: "fewer steps")
    monkeypatch.setattr(module, "refill", lambda _: "")
    told = module.neutral(judge, 0.001, 1)
    assert told.outcome == "fewer steps"
    end = mean(np.full(8, 0.01), floor=0.0004)
    assert f"Accuracy at the end: {points(end)}." in told.sentence
    assert "(-2.9 to +4.9)" in points(end)
