"""Where both arms end: the accuracies are those that the difference is of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srpo_bench.results.report import answer, ends
from srpo_bench.results.report.analysis import analyse
from srpo_bench.results.statistics.contrast import contrast
from srpo_bench.results.statistics.speed import Goal
from tests.results import synthetic
from tests.results.made import comparison, run

SHORT, LONG = (0.2, 0.7, 0.8), (0.2, 0.4, 0.5, 0.9, 0.95)


def told(ours: tuple[float, ...], theirs: tuple[float, ...]) -> tuple[tuple[str, str], str, str]:
    seeds = (1, 2)
    c = comparison(*(run("srpo", s, ours) for s in seeds), *(run("grpo", s, theirs) for s in seeds))
    pair = contrast(c, "srpo", "grpo", Goal())
    return ends.accuracies(c, pair), ends.difference(pair.steps), ends.when(c, pair)


def test_what_a_challenger_did_after_the_baselines_end_is_not_its_end() -> None:
    both, gap, when = told(LONG, SHORT)
    assert both == ("45.0 %", "75.0 %")
    assert gap == "-30.0 points (-30.0 to -30.0)"
    assert when == "At step 20, where grpo ends,"


def test_a_challenger_that_ends_first_is_read_at_its_own_end() -> None:
    both, gap, when = told(SHORT, LONG)
    assert (both, gap[:12], when) == (("75.0 %", "92.5 %"), "-17.5 points", "At the end")


def test_without_a_pair_there_is_no_end() -> None:
    c = comparison(run("srpo", 1), run("grpo", 2))
    assert ends.accuracies(c, contrast(c, "srpo", "grpo", Goal())) == ("–", "–")
    assert ends.difference(None) == ""
    apart = comparison(run("srpo", 1, step=(50, 60)), run("grpo", 1))
    assert ends.accuracies(apart, contrast(apart, "srpo", "grpo", Goal())) == ("–", "–")
    nobody = contrast(comparison(run("srpo"), run("grpo")), "srpo", "grpo", Goal()).steps
    assert nobody is not None
    nobody.race.__dict__["final"] = np.array([])
    assert ends.difference(nobody) == ""


def test_the_headline_reads_both_where_the_baseline_ends(tmp_path: Path) -> None:
    folder = synthetic.write(tmp_path / "c", samples=0)
    for arm in folder.glob("grpo/seed-*"):
        synthetic.cut(arm, 21, "done")
    (h,) = answer.headlines(analyse(folder, vouched=True))
    ours, theirs = (float(part.removesuffix(" %")) for part in h.end.split(" against "))
    assert abs(ours - theirs - float(h.difference.split()[0])) < 0.11
    assert "At step 100, where grpo ends, srpo stands at " in h.sentence
