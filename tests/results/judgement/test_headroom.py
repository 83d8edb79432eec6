"""When could the challenger's rule have acted? The plan and the baseline's records answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srpo_bench.results.judgement.headroom import effects
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.verify import verify
from srpo_bench.results.runs import read
from tests.results import synthetic

BOUNDARY = {"event": "epoch-boundary-with-solved-prompt"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, noise=0.004)


def waits(folder: Path, *events: dict[str, object], arm: str = "srpo") -> None:
    for run in (folder / arm).glob("seed-*"):
        synthetic.change(run, "manifest.json", waits_for=list(events))


def solved(folder: Path, arm: str, first: float) -> None:
    """An arm's records, with no group all correct before a step and one in each after it."""
    for path in (folder / arm).glob("seed-*/steps.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            line["groups_all_correct"] = int(line["step"] >= first)
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def test_the_first_effect_is_the_epoch_after_a_prompt_was_solved_by_the_baseline(folder) -> None:
    """Epochs begin at steps 4, 8, 12, …; a prompt is first solved at step 9."""
    waits(folder, BOUNDARY)
    solved(folder, "grpo", 9)
    assert effects(read(folder), "srpo", "grpo") == {BOUNDARY["event"]: 12}


def test_a_method_that_solves_nothing_can_still_be_refuted(folder) -> None:
    """By its own records its rule never acts; by the baseline's it could have."""
    waits(folder, BOUNDARY)
    solved(folder, "grpo", 5)
    solved(folder, "srpo", np.inf)
    found = verify(folder, ["steps-90"])[0]
    assert found.verdict == "refuted"


def test_a_rule_that_could_not_have_acted_on_the_baseline_has_no_headroom(folder) -> None:
    waits(folder, BOUNDARY)
    solved(folder, "grpo", np.inf)
    found = verify(folder, ["steps-90"])[0]
    assert found.verdict == "no-verdict"
    assert "never comes" in found.reason
    solved(folder, "grpo", 150)
    assert "comes at step 152" in verify(folder, ["steps-90"])[0].reason


def test_the_earliest_of_several_mechanisms_counts(folder) -> None:
    waits(folder, BOUNDARY, {"event": "stage-switch", "step": 100}, {"event": "first-replay"})
    solved(folder, "grpo", np.inf)
    found = effects(read(folder), "srpo", "grpo")
    assert found["stage-switch"] == 100
    assert found["epoch-boundary-with-solved-prompt"] == np.inf
    assert found["first-replay"] == 2
    comparison = read(folder)
    assert Judge(comparison, "srpo", "grpo").headroom.lacking == ""


def test_a_method_that_waits_for_nothing_has_room_at_once(folder) -> None:
    waits(folder)
    comparison = read(folder)
    assert Judge(comparison, "srpo", "grpo").headroom.first == 0


def test_prompts_are_read_where_they_are_recorded(folder) -> None:
    """In the second epoch one prompt is right in nine of ten, in two groups; none in all."""
    for path in (folder / "grpo").glob("seed-*/steps.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            told = {5: [8], 6: [10]}.get(line["step"], [])
            line["by_prompt"] = [{"prompt": "a", "right": right, "n": 10} for right in told]
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    waits(folder, BOUNDARY | {"rate": 0.9})
    assert effects(read(folder), "srpo", "grpo") == {BOUNDARY["event"]: 8}
    waits(folder, BOUNDARY)
    assert effects(read(folder), "srpo", "grpo") == {BOUNDARY["event"]: np.inf}


def test_a_rule_over_all_responses_so_far_acts_when_they_reach_its_rate(folder) -> None:
    """An epoch is four steps; in step 1 all are wrong, and from step 5 on, once an epoch, right:
    0, 1/2, 2/3 and 3/4 of all so far when steps 4, 8, 12 and 16 begin an epoch."""
    for path in (folder / "grpo").glob("seed-*/steps.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            asked = [{"prompt": "a", "right": 10 * (line["step"] > 1), "n": 10}]
            line["by_prompt"] = asked if line["step"] % 4 == 1 else []
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))
    for rule, step in [
        ({"rate": 0.7, "over": "epoch"}, 8),
        ({"rate": 0.7, "over": "history"}, 16),
        ({"rate": 0.7, "over": "epoch", "looks": 4}, 16),
    ]:
        waits(folder, BOUNDARY | rule)
        assert effects(read(folder), "srpo", "grpo") == {BOUNDARY["event"]: step}


def test_older_records_are_asked_for_an_epoch(folder) -> None:
    assert effects(read(folder), "srpo", "grpo") == {"one epoch": 4}
