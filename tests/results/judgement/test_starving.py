"""A plan that starves the challenger's rule gives no verdict; a challenger that starves itself
does, and the sentence says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from srpo_bench.results.judgement.starving import short_from, starved_from
from srpo_bench.results.judgement.verify import judges, verify
from srpo_bench.results.runs import read
from srpo_bench.results.store import read_lines
from tests.results import synthetic

DROPS = {"event": "epoch-boundary-with-solved-prompt"}
POOL, BATCH = 64, 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """grpo's target is at step 200; epochs begin at steps 4, 8, 12, …"""
    return synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, noise=0.004)


def asked(folder: Path, arm: str, solved_at: dict[int, int]) -> None:
    """An arm's groups: each epoch asks all 64 prompts, 16 a step; from a step on, so many of them
    are answered only correctly."""
    for path in (folder / arm).glob("seed-*/steps.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            step, pool = line["step"], range(POOL)
            solved = max((n for at, n in solved_at.items() if step >= at), default=0)
            line["by_prompt"] = [
                {"prompt": str(p), "right": 4 if p < solved else 2, "n": 4}
                for p in pool[step % 4 * BATCH : (step % 4 + 1) * BATCH]
            ]
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def waits(folder: Path, **rule: object) -> None:
    for run in (folder / "srpo").glob("seed-*"):
        synthetic.change(run, "manifest.json", waits_for=[DROPS | rule])


def pools(folder: Path, arm: str, size: int, until: int) -> None:
    for path in (folder / arm).glob("seed-*/steps.jsonl"):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        for line in lines:
            line["pool_size"] = size if line["step"] <= until else POOL
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def test_a_plan_that_leaves_less_than_a_batch_before_the_baseline_is_there_is_void(folder) -> None:
    """49 of 64 solved from step 40 leave 15, one too few, at the end of their epoch."""
    waits(folder)
    asked(folder, "grpo", {4: 1, 40: 49})
    found = verify(folder, ["steps-90"])[0]
    assert found.verdict == "no-verdict"
    assert "the plan starves srpo" in found.reason
    assert "from step 44 on" in found.reason
    assert "the plan starves" in judges(folder)[0].blocked


def test_a_batch_that_is_just_left_is_enough(folder) -> None:
    waits(folder)
    asked(folder, "grpo", {4: 1, 40: 48})
    assert starved_from(read(folder), "srpo", "grpo") == np.inf
    assert verify(folder, ["steps-90"])[0].verdict == "refuted"


def test_after_the_baseline_is_at_its_target_it_may_run_dry(folder) -> None:
    waits(folder)
    asked(folder, "grpo", {4: 1, 240: 64})
    assert starved_from(read(folder), "srpo", "grpo") == 244
    assert verify(folder, ["steps-90"])[0].verdict == "refuted"


def test_a_challenger_that_starves_by_its_own_doing_is_judged_and_it_is_said(folder) -> None:
    waits(folder)
    asked(folder, "grpo", {4: 1})
    pools(folder, "srpo", 15, until=100)
    found = verify(folder, ["steps-90"])[0]
    assert found.verdict == "refuted"
    assert "short of prompts by its own doing in 50 % of its steps" in found.reason
    assert "by its own doing" in judges(folder)[0].starving.own_doing


def test_as_many_prompts_as_a_batch_are_not_short(folder) -> None:
    waits(folder)
    asked(folder, "grpo", {4: 1})
    pools(folder, "srpo", 16, until=100)
    assert judges(folder)[0].starving.own_doing == ""


def test_records_without_prompts_prove_no_plan_guilty(folder) -> None:
    waits(folder)
    pools(folder, "srpo", 1, until=100)
    assert starved_from(read(folder), "srpo", "grpo") is None
    assert "short of prompts in 50 %" in judges(folder)[0].starving.own_doing


def test_a_method_that_drops_nobody_cannot_be_starved(folder) -> None:
    asked(folder, "grpo", {4: 64})
    assert starved_from(read(folder), "srpo", "grpo") is None


def short(folder: Path, **rule: object) -> float:
    run = read(folder).of("grpo")[0]
    groups = [line["by_prompt"] for line in read_lines(run.folder / "steps.jsonl")]
    return short_from(run, groups, DROPS | rule, BATCH, POOL)


def test_who_is_dropped_stays_out_though_later_answers_are_wrong(folder) -> None:
    """Prompts 0–48 are solved in one epoch alone: under the rule nobody would ask them again."""
    asked(folder, "grpo", {20: 49, 24: 0})
    assert short(folder) == 24


def test_who_sat_out_returns(folder) -> None:
    """30 solved in one epoch, 60 from the next on. Never to return: 34, then 4 are left. After one
    epoch: 34, then 30 of the 60 are back in as the other 30 leave, 34 again, and so on."""
    asked(folder, "grpo", {20: 30, 24: 60})
    assert short(folder) == 28
    assert short(folder, returns_after=1) == np.inf


def test_a_pass_rate_over_all_responses_comes_later_than_one_over_an_epoch(folder) -> None:
    """All right from step 20 on, half of it before: five epochs of 2 of 4 and then n of 4 of 4 give
    (10 + 4 n) / (20 + 4 n), at 0.9 where n is 20."""
    asked(folder, "grpo", {20: 64})
    assert short(folder, rate=0.9) == 24
    assert short(folder, rate=0.9, over="history") == 20 + 4 * 20
