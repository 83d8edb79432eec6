"""How many more seeds would settle it: on made comparisons, whose answer is then made too."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srpo_bench.results.judgement import power as module
from srpo_bench.results.judgement.claims import Claim, Ratio, load
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.power import LIKELY, Power, power
from srpo_bench.results.runs import read
from srpo_bench.results.statistics.sequential import quantile
from srpo_bench.results.statistics.speed import QUANTILE
from srpo_bench.results.store import ResultsError
from tests.results import synthetic


def claim(threshold: float) -> Claim:
    test = {"kind": "ratio", "threshold": threshold}
    return Claim.model_validate(
        {"id": "mine", "claim": "", "made_by": "", "where": "", "test": test}
    )


def asked(folder: Path, threshold: float, seed: int = 0) -> Power:
    judge = Judge(read(folder), "srpo", "grpo")
    return power(judge, claim(threshold), np.random.default_rng(seed))


def made(folder: Path, seeds: int, rng_seed: int = 0, spread: float = 0.3) -> Path:
    """srpo takes half of grpo's steps."""
    return synthetic.write(
        folder,
        {"grpo": 1.0, "srpo": 0.5},
        seeds,
        spread=spread,
        rng_seed=rng_seed,
        every=10,
        training=False,
    )


def test_what_is_far_off_is_settled_by_one_more(tmp_path: Path) -> None:
    found = asked(made(tmp_path / "c", 7), 0.1)
    assert (found.pairs, found.needed, found.towards) == (7, 8, "refuted")
    assert found.sentence.startswith("mine, srpo against grpo: 1 more seed (8 pairs) would settle")
    assert asked(made(tmp_path / "d", 7), 2.0).towards == "supported"


def test_where_there_is_no_ratio_it_says_what_is_missing(tmp_path: Path) -> None:
    """It said that "grpo/seed-1 was not evaluated between step 0 and step 5, and step 0.05
    decides"."""
    folder = synthetic.write(tmp_path / "c", training=False, samples=0)
    synthetic.change(folder, "comparison.json", targets=[0.1])
    none = "mine, srpo against grpo: no number of seeds settles it: the "
    assert asked(folder, 0.1).sentence == (f"{none}target of 10.0 % is not above the base's 19.6 %")
    declines = synthetic.write(tmp_path / "d", gain=-0.1, training=False, samples=0)
    assert asked(declines, 0.1).sentence.startswith(f"{none}baseline gained nothing (-")


def test_what_is_settled_asks_for_no_more(tmp_path: Path) -> None:
    """A seed that is added would widen the interval: it is a further look."""
    folder = made(tmp_path / "c", 8)
    for threshold, verdict in [(0.1, "refuted"), (2.0, "supported")]:
        found = asked(folder, threshold)
        assert (found.needed, found.settled, found.towards) == (8, {}, verdict)
        assert found.sentence == (
            "mine, srpo against grpo: settled by the 8 complete seed pairs that there are: "
            f"{verdict}"
        )


@pytest.mark.integration
def test_the_number_that_it_names_settles_as_often_as_it_says(tmp_path: Path) -> None:
    """Comparisons of that many pairs, drawn anew from the law of those that were measured; the
    measured ratio is not the true one, so a wide margin is left."""
    found = asked(made(tmp_path / "c", 12), 0.38)
    assert found.needed is not None
    assert found.needed > 13
    fewer = [n for n in found.settled if n != found.needed]
    assert all(found.settled[n] < LIKELY for n in fewer)
    settled = 0
    for seed in range(1, 13):
        folder = made(tmp_path / str(seed), found.needed, seed)
        plan = (folder / "comparison.json").read_text()
        late = list(range(13, found.needed + 1))
        added = f'"added": [{{"seeds": {late}, "arms": [], "runs_seen": 24}}], '
        (folder / "comparison.json").write_text(plan.replace("{", "{" + added, 1))
        settled += Judge(read(folder), "srpo", "grpo").verdict_on(claim(0.38)).verdict == "refuted"
    assert settled >= 6


@pytest.mark.integration
def test_more_spread_asks_for_more_seeds(tmp_path: Path) -> None:
    needed = [
        asked(made(tmp_path / str(spread), 12, spread=spread), 0.38).needed
        for spread in (0.3, 0.35)
    ]
    assert needed[0] is not None
    assert needed[1] is not None
    assert needed[0] < needed[1]


@pytest.mark.integration
def test_a_ratio_at_the_claim_is_never_settled(tmp_path: Path) -> None:
    folder = made(tmp_path / "c", 12)
    measured = Judge(read(folder), "srpo", "grpo").contrast.ratio.value
    found = asked(folder, measured)
    assert found.needed is None
    assert "not settled by 96 pairs either" in found.sentence


def test_what_no_number_of_seeds_would_settle_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SIMULATIONS", 5)
    few = asked(made(tmp_path / "few", 2), 0.1)
    assert (few.settled, few.needed, few.towards) == ({}, None, "")
    assert few.sentence == (
        "mine, srpo against grpo: 2 complete seed pairs say too little about the spread of pairs: "
        "at least 3 are needed"
    )
    assert asked(made(tmp_path / "three", 3), 0.1).settled
    folder = made(tmp_path / "c", 8)
    path = folder / "srpo" / "seed-3" / "evals.jsonl"
    path.write_text(path.read_text().replace('"flops"', '"another"'))
    judge = Judge(read(folder), "srpo", "grpo")

    def said(threshold: float, axis: str = "steps") -> str:
        test = Ratio(kind="ratio", threshold=threshold, axis=axis)
        one = claim(threshold).model_copy(update={"test": test})
        return power(judge, one, np.random.default_rng(0)).sentence

    assert "no number of seeds settles it: no headroom: one epoch takes" in said(0.01)
    assert said(0.1, "flops").endswith("settles it: not every run records its flops")
    flat = synthetic.write(
        tmp_path / "flat", {"grpo": 1e6, "srpo": 1e6}, 8, every=10, training=False
    )
    assert "simulated comparisons): the baseline" in asked(flat, 0.1).sentence


def test_what_is_no_ratio_is_refused(tmp_path: Path) -> None:
    scores = next(c for c in load() if c.test.kind == "noninferiority")
    judge = Judge(read(made(tmp_path / "d", 8)), "srpo", "grpo")
    with pytest.raises(ResultsError, match="is not about a ratio of cost"):
        power(judge, scores, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("pairs", "first_look", "seen"), [(3, None, None), (7, None, None), (8, None, 8), (9, 8, 8)]
)
def test_pairs_are_tried_by_the_rule_that_would_judge_them(
    monkeypatch: pytest.MonkeyPatch, pairs: int, first_look: int | None, seen: int | None
) -> None:
    """Under eight pairs nothing was judged yet, so that more are a first look."""
    drawn: list[Any] = []
    raced: list[Any] = []

    class Arm:
        def __init__(self, name: str) -> None:
            self.name = name

        def drawn(self, chosen: Any) -> Any:
            drawn.append(chosen)
            return chosen.shape[1], self.name

    def shares(found: Any, threshold: float) -> tuple[float, float]:
        assert threshold == 0.5
        return (0.75, 0.05) if raced[-1][0][0] >= 11 else (0.1, 0.2)

    contrast = SimpleNamespace(n=pairs, first_look=first_look, baseline_steps=9.0)
    judge: Any = SimpleNamespace(
        contrast=contrast, comparison="c", challenger="srpo", baseline="grpo",
        targets=[SimpleNamespace(goal="goal"), SimpleNamespace(goal="another")],
        barred=lambda _: "", verdict_on=lambda _: SimpleNamespace(verdict="no-verdict"),
    )  # fmt: skip
    monkeypatch.setattr(module, "paired_curves", lambda *_: (Arm("srpo"), Arm("grpo")))
    monkeypatch.setattr(module, "race", lambda *words: raced.append(words))
    monkeypatch.setattr(module, "_shares", shares)
    found = power(judge, claim(0.5), np.random.default_rng(0))
    tried = [n for n in (8, 9, 10, 11) if n > pairs]
    assert list(found.settled) == tried
    assert (found.pairs, found.needed, found.towards) == (pairs, 11, "refuted")
    assert found.settled[11] == pytest.approx(0.8)
    rule = [QUANTILE if seen is None else quantile(n, seen) for n in tried]
    assert raced == [
        ((n, "srpo"), (n, "grpo"), "goal", at) for n, at in zip(tried, rule, strict=True)
    ]
    assert [chosen.shape for chosen in drawn[::2]] == [(module.SIMULATIONS, n) for n in tried]
    assert max(int(chosen.max()) for chosen in drawn) == pairs - 1
    assert all(one is other for one, other in zip(drawn[::2], drawn[1::2], strict=True))


@pytest.mark.parametrize(
    ("shares", "towards"),
    [
        ((0.0, 0.9), "supported"),
        ((0.9, 0.0), "refuted"),
        ((0.5, 0.5), "refuted"),
        ((0.0, 0.1), ""),
    ],
)
def test_more_pairs_settle_towards_the_likelier_side(
    monkeypatch: pytest.MonkeyPatch, shares: tuple[float, float], towards: str
) -> None:
    judge: Any = SimpleNamespace(
        contrast=SimpleNamespace(n=8, first_look=None, baseline_steps=9.0), comparison="c",
        challenger="srpo", baseline="grpo", targets=[SimpleNamespace(goal="goal")],
        barred=lambda _: "", unread="",
        verdict_on=lambda _: SimpleNamespace(verdict="inconclusive"),
    )  # fmt: skip
    arm = SimpleNamespace(drawn=lambda chosen: chosen)
    monkeypatch.setattr(module, "paired_curves", lambda *_: (arm, arm))
    monkeypatch.setattr(module, "race", lambda *_: None)
    monkeypatch.setattr(module, "_shares", lambda *_: shares)
    assert power(judge, claim(0.5), np.random.default_rng(0)).towards == towards


def test_numbers_of_pairs_rise_by_an_eighth_to_eight_times_as_many() -> None:
    assert module._tried(2)[:4] == [8, 9, 10, 11]
    assert (module._tried(2)[-1], module._tried(12)[-1]) == (64, 96)
    assert module._tried(12)[:4] == [13, 15, 17, 19]
    assert list(module._tried(8)) == sorted(set(module._tried(8)))


def test_more_seeds_do_not_match_what_is_not_matched(tmp_path: Path) -> None:
    folder = made(tmp_path / "c", 8)
    for manifest in folder.glob("srpo/seed-*/manifest.json"):
        record = json.loads(manifest.read_text())
        record["contract"]["responses_per_step"] = 7
        manifest.write_text(json.dumps(record))
    found = asked(folder, 0.1)
    assert (found.settled, found.needed) == ({}, None)
    assert found.lacking.startswith("no number of seeds settles it: the runs are not matched")
    assert "responses_per_step" in found.lacking
    vouched = Judge(read(folder), "srpo", "grpo", vouched=True)
    again = power(vouched, claim(0.1), np.random.default_rng(0))
    assert (again.needed, again.towards) == (8, "refuted")
