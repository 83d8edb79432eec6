"""Arms of one comparison start alike, and no run counts twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from srpo_bench.results.judgement import start
from srpo_bench.results.judgement.matched import matched
from srpo_bench.results.judgement.verify import judges, verify
from srpo_bench.results.runs import read
from tests.results import synthetic


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return synthetic.write(tmp_path / "c", {"grpo": 1.0, "srpo": 0.5}, 10, training=False)


def shift(folder: Path, by: float, noise: float = 0.0, times: float = 1.0) -> None:
    """Other accuracies at step 0 of one arm."""
    rng = np.random.default_rng(0)
    for path in sorted((folder / "srpo").glob("seed-*/evals.jsonl")):
        lines = [json.loads(x) for x in path.read_text().splitlines()]
        first = lines[0]["accuracy"]
        lines[0]["accuracy"] = times * (first + by + noise * rng.standard_normal())
        path.write_text("".join(json.dumps(x) + "\n" for x in lines))


def test_the_same_draws_are_alike(folder) -> None:
    assert start.compare(read(folder).runs).verdict == "alike"
    assert matched(read(folder).runs)


def test_noise_within_the_margin_is_alike_and_more_noise_than_the_seeds_can_tell_unknown(
    folder,
) -> None:
    shift(folder, 0.0, noise=0.005)
    assert start.compare(read(folder).runs).verdict == "alike"
    shift(folder, 0.0, noise=0.15)
    proof = matched(read(folder).runs)
    assert proof.unknown == ["accuracy at step 0"]
    assert verify(folder, ["steps-90"])[0].verdict == "no-verdict"
    assert judges(folder)[0].blocked == f"the runs are {proof.sentence}"
    assert judges(folder, vouched=True)[0].blocked == ""
    assert verify(folder, ["steps-90"], vouched=True)[0].verdict == "refuted"


def test_another_start_is_known_to_differ_and_named_even_when_vouched_for(folder) -> None:
    shift(folder, 0.05)
    assert start.compare(read(folder).runs).verdict == "known to differ"
    found = verify(folder, ["steps-90"], vouched=True)[0]
    assert found.verdict == "refuted"
    assert "known to differ: accuracy at step 0" in found.reason


def test_percent_in_one_arm_and_fractions_in_the_other_are_caught(folder) -> None:
    shift(folder, 0.0, times=0.01)
    assert start.compare(read(folder).runs).verdict == "known to differ"


def test_a_copy_of_a_run_under_another_seed_is_not_a_second_run(folder) -> None:
    copy = folder / "srpo" / "seed-2"
    shutil.copy(folder / "srpo" / "seed-1" / "evals.jsonl", copy / "evals.jsonl")
    assert matched(read(folder).runs).copies == ("srpo/seed-2 repeats srpo/seed-1",)
    assert "copies" in verify(folder, ["steps-90"], vouched=True)[0].reason


def test_equal_accuracies_alone_are_no_copy(folder) -> None:
    """Small sets repeat by chance: other lengths, another run."""
    source, copy = (folder / "srpo" / f"seed-{s}" / "evals.jsonl" for s in (1, 2))
    lines = [json.loads(x) for x in source.read_text().splitlines()]
    for line in lines:
        for score in line["tasks"].values():
            score["length"] += 0.01
    copy.write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert matched(read(folder).runs).copies == ()


def test_a_start_is_known_to_differ_where_the_whole_interval_lies_beyond_the_margin() -> None:
    """Of three differences with a half-width of 4.303 · sd / √3."""
    half = 4.303 * 0.001 / 3**0.5
    for sign in (1, -1):
        for centre, said in ((0.011 + half, "known to differ"), (0.0095 + half, "unknown")):
            found = [sign * (centre + by) for by in (-0.001, 0.0, 0.001)]
            other = dict(enumerate(found))
            assert start._pair(dict.fromkeys(range(3), 0.0), other, 0.01) == said
    assert start._pair({1: 0.5}, {2: 0.7}, 0.01) == "alike"
    assert start._pair({1: 0.5}, {1: 0.5}, 0.01) == "alike"
    assert start._pair({1: 0.5}, {1: 0.501}, 0.01) == "unknown"


def test_a_difference_of_just_the_margin_is_not_known_to_lie_beyond_it() -> None:
    for by in (0.25, -0.25):
        other = dict.fromkeys(range(3), 0.5 + by)
        assert start._pair(dict.fromkeys(range(3), 0.5), other, 0.25) == "unknown"
        assert start._pair(dict.fromkeys(range(3), 0.5), other, 0.24) == "known to differ"
