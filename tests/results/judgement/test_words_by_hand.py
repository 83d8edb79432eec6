"""Claims, published counts, power and neutral outcomes: bounds and sentences."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from srpo_bench.results.judgement import ladder, neutral, power
from srpo_bench.results.judgement.claims import (
    BaseScore,
    Claim,
    Equivalence,
    NonInferiority,
    Ratio,
    Reported,
    find,
    load,
)
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.published import Published, PublishedRun
from srpo_bench.results.store import ResultsError
from tests.results.made import comparison, run


def claim(**changes: Any) -> Claim:
    told = {"id": "mine", "claim": "it", "made_by": "", "where": ""}
    return Claim.model_validate(told | {"test": {"kind": "ratio", "threshold": 0.1}} | changes)


ASKED = {"kind": "equivalence", "tasks": ("a",), "comparator": "b"}


@pytest.mark.parametrize(
    ("model", "rest", "field", "held", "refused"),
    [
        (Ratio, {"kind": "ratio"}, "threshold", (1e-9, 5.0), (0.0, -1.0)),
        (NonInferiority, {"kind": "noninferiority"}, "share", (1e-9, 1.0), (0.0, 1.01)),
        (NonInferiority, {"kind": "noninferiority", "share": 0.1}, "margin",
         (1e-9, 0.999), (0.0, 1.0)),
        (Equivalence, ASKED, "margin", (1e-9, 0.5), (0.0,)),
        (Reported, {"value": "5", "what": "x"}, "n", (None, 1), (0,)),
        (Reported, {"value": "5", "what": "x"}, "samples", (1, 9), (0,)),
        (Reported, {"what": "x"}, "value", ("9", "100", "92.4", "0.123456"),
         ("", "1000", "92.", "92.1234567", "x")),
        (BaseScore, {"task": "t"}, "value", (0.0, 100.0), (-0.1, 100.1)),
        (BaseScore, {"task": "t", "value": 1.0}, "measured", (None, 0.0, 100.0), (-0.1, 100.1)),
        (PublishedRun, {"who": "a", "unit": "update", "batch": 1, "update": 1, "source": ""},
         "steps", (1e-9,), (0.0,)),
        (PublishedRun, {"who": "a", "unit": "update", "steps": 1, "update": 1, "source": ""},
         "batch", (1,), (0,)),
        (PublishedRun, {"who": "a", "unit": "update", "steps": 1, "batch": 1, "source": ""},
         "update", (1,), (0,)),
    ],
)  # fmt: skip
def test_every_bound_of_a_claim(
    model: type[BaseModel], rest: dict[str, Any], field: str, held: tuple[Any, ...],
    refused: tuple[Any, ...],
) -> None:  # fmt: skip
    for value in held:
        assert getattr(model.model_validate(rest | {field: value}), field) == value
    for value in refused:
        with pytest.raises(ValidationError):
            model.model_validate(rest | {field: value})
    with pytest.raises(ValidationError):
        model.model_validate(rest | {field: held[-1], "unknown": 1})
    kept = model.model_validate(rest | {field: held[-1]})
    with pytest.raises(ValidationError):
        setattr(kept, field, held[-1])


def test_what_a_claim_leaves_out_has_its_default() -> None:
    test = NonInferiority.model_validate({"kind": "noninferiority", "share": 0.1})
    assert test.margin == 0.1
    assert Reported(value="5", what="x").samples == 1
    assert Ratio(kind="ratio", threshold=0.1).axis == "steps"
    with pytest.raises(ValidationError):
        Equivalence.model_validate(ASKED | {"tasks": (), "margin": 0.1})
    with pytest.raises(ValidationError):
        claim(id="Not-lower")


def test_a_reported_figure_is_checked_over_all_its_samples() -> None:
    assert Reported(value="92.4", what="HumanEval", n=82, samples=2).sanity.startswith(
        "HumanEval: 92.4 % cannot be a score over 164 answers"
    )
    assert Reported(value="92.4", what="x").sanity == (
        "x: the number of problems is not stated, so it cannot be checked"
    )
    both = claim(
        reported=[{"value": "50.0", "what": "x", "n": 2}], base_score={"task": "t", "value": 41.6}
    )
    assert both.sanity == [
        "x: 50.0 % can be a score over 2 answers: 1/2",
        "base on t: reported at 41.6, not measured elsewhere",
    ]
    assert claim().sanity == []
    lower = BaseScore(task="t", value=50, measured=49.5, by="us").sanity
    assert lower.startswith("base on t: reported at 50, measured at 49.5 by us; -0.5 points of a")


def test_what_a_claim_needs_in_few_words() -> None:
    assert claim().needs == "90 % fewer steps"
    assert claim().counts_steps
    at_one = claim(test={"kind": "ratio", "axis": "flops", "threshold": 1.0})
    assert (at_one.needs, at_one.counts_steps) == ("fewer FLOPs", False)
    more = claim(test={"kind": "ratio", "axis": "seconds", "threshold": 1.2})
    assert more.needs == "at most 20 % more seconds"
    assert claim(test={"kind": "ratio", "threshold": 0.999}).needs == "0.1 % fewer steps"
    other = claim(test={"kind": "noninferiority", "share": 0.1})
    assert (other.needs, other.counts_steps) == ("it", False)


def test_a_claim_is_found_by_its_id_and_the_nearest_is_named() -> None:
    told = [claim(id="a-one"), claim(id="b-two")]
    assert find(told, "b-two") is told[1]
    with pytest.raises(ResultsError, match=r"no claim 'xyz'; there are: a-one, b-two\."):
        find(told, "xyz")
    with pytest.raises(ResultsError, match="did you mean 'b-two'"):
        find(told, "b-tow")
    with pytest.raises(ResultsError, match="did you mean 'b-two'"):
        find(told, "B-TWO")


def test_files_of_claims_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    with pytest.raises(ResultsError, match=r"own\.yaml cannot be read: No such file"):
        load([path])
    path.write_text("{a: [")
    with pytest.raises(ResultsError, match="is not YAML: while parsing"):
        load([path])
    path.write_text("a: 1")
    with pytest.raises(ResultsError, match="must hold a list of claims"):
        load([path])
    good = "{id: mine, claim: it, made_by: m, where: w, test: {kind: ratio, threshold: 0.1}}"
    path.write_text(f"- {good}\n- {good.replace('0.1', '0')}")
    with pytest.raises(ResultsError, match=r"claim 2, test\.ratio\.threshold: Input should be gre"):
        load([path])
    path.write_text(f"- {good}")
    later = tmp_path / "later.yaml"
    later.write_text(f"- {good.replace('0.1', '0.2')}")
    assert load([path, later])[-1].test.threshold == 0.2  # type: ignore[union-attr]
    assert [c.id for c in load([path, later])].count("mine") == 1


def test_published_steps_in_both_units() -> None:
    def made(unit: str) -> PublishedRun:
        told = {"who": unit, "steps": 10, "unit": unit, "batch": 64, "update": 16, "source": ""}
        return PublishedRun.model_validate(told)

    assert made("rollout batch").counted("rollout batch") == (10, 40, 640)
    assert made("update").counted("update") == (2.5, 10, 160)
    open_ = Published(claimant=made("unstated"), comparator=made("update"), unpublished=())
    for record in (open_, open_.claimant):  # what was published does not change
        with pytest.raises(ValidationError, match="frozen"):
            setattr(record, next(iter(type(record).model_fields)), "x")
    assert [name for name, *_ in open_.readings()] == [
        "unstated counts rollout batchs, update updates",
        "unstated counts updates, update updates",
    ]
    assert open_.readings()[0][1:] == ((10, 40, 640), (2.5, 10, 160))


def told_power(needed: int | None, settled: dict[int, float], lacking: str = "") -> str:
    return power.Power("srpo", "grpo", "mine", 8, settled, needed, "refuted", lacking).sentence


def test_power_in_words() -> None:
    head = "mine, srpo against grpo: "
    assert told_power(9, {9: 0.85}) == (
        f"{head}1 more seed (9 pairs) would settle it, refuted, in 85 % of comparisons like this "
        "one"
    )
    assert told_power(12, {9: 0.5, 12: 0.8}).startswith(f"{head}4 more seeds (12 pairs) would")
    assert told_power(None, {9: 0.5, 64: 0.75}, power.NEAR) == (
        f"{head}not settled by 64 pairs either (75 % of simulated comparisons): the measured ratio "
        "lies too near to the claim's"
    )
    assert told_power(None, {}, "nothing settles it") == f"{head}nothing settles it"
    found = power.Power("srpo", "grpo", "mine", 8, {9: 0.85}, 9, "refuted").to_dict()
    assert (found["needed"], found["sentence"]) == (9, told_power(9, {9: 0.85}))


def test_pairs_are_tried_in_eighths_up_to_eight_times_as_many() -> None:
    assert list(power._tried(3))[:6] == [8, 9, 10, 11, 12, 14]
    assert power._tried(3)[-1] == power._tried(8)[-1] == 64
    assert list(power._tried(8))[:3] == [9, 10, 11]
    assert (power._tried(20)[0], power._tried(20)[-1]) == (21, 160)
    steps = np.array(power._tried(40))
    assert (steps[1:] / steps[:-1]).max() < 1.14
    assert (power.LIKELY, power.SIMULATIONS, power.FURTHEST) == (0.8, 400, 8)


def test_only_what_can_be_read_and_is_kept_counts_as_settled() -> None:
    sides = np.array([1, -1, -1, 0, 1])
    found: Any = SimpleNamespace(
        readable=np.array([True, True, True, True, False]),
        side=lambda _: sides,
        kept=np.array([False, True, False, True, True]),
    )
    assert power._shares(found, 0.1) == (0.2, 0.2)


def judge(blocked: str = "", outcome: Any = None, **found: Any) -> Any:
    """A pair of arms at its target."""
    race = SimpleNamespace(final=np.array([0.01, 0.03]), error=0.0)
    steps = SimpleNamespace(race=race, baseline=2.0, p=0.001, ratio=outcome)
    told = {"steps": steps, "axes": {"steps": steps}, "n": 10, "alpha": 0.04, "first_look": None}
    told["bound"] = ""
    runs = [run("grpo", curves={"all_correct": (0.5, 0.25)}), run("srpo")]
    return SimpleNamespace(
        challenger="srpo", baseline="grpo", blocked=blocked, on_word=found.pop("on_word", ""),
        contrast=SimpleNamespace(**told | found), comparison=comparison(*runs),
        starving=SimpleNamespace(own_doing=found.pop("own_doing", "")),
    )  # fmt: skip


def test_a_pair_in_words_whatever_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    from srpo_bench.results.statistics.inference import Estimate

    ratio = Estimate(0.5, 0.4, 0.6, 10, "mean curves")
    monkeypatch.setattr(neutral, "told_apart", lambda found, p: "equivalent" if p < 0.01 else "no")
    said = neutral.neutral(judge(outcome=ratio), 0.001, 1)
    assert said.outcome == "equivalent"
    assert said.sentence == (
        "srpo against grpo: equivalent within 10 %. Relative cost to target: steps 0.5 (0.4 to "
        "0.6). Accuracy at the end: +2.0 points (-10.7 to +14.7). Perfect refilling would give "
        "0.62 of grpo's steps if progress were proportional to mixed groups; where that is above a "
        "claim's ratio, a refutation is of what choosing prompts can reach on these runs, and not "
        "of the method elsewhere."
    )
    assert said.to_dict()["challenger"] == "srpo"
    among = neutral.neutral(judge(outcome=ratio), 0.02, 2)
    assert among.sentence.startswith("srpo against grpo: no (Holm over 2 challengers). Relative")
    stopped = neutral.neutral(judge("too few", outcome=ratio), 0.001, 2)
    assert stopped.outcome == "not judged"
    assert stopped.sentence.startswith("srpo against grpo: not judged (too few). Relative cost")
    late = neutral.neutral(judge(outcome=ratio, bound="a lower bound: so and so"), 0.001, 1)
    assert "steps 0.5 (0.4 to 0.6) (a lower bound: so and so). Accuracy" in late.sentence
    bare = neutral.neutral(judge("too few", steps=None), 0.001, 1)
    assert bare.sentence == "srpo against grpo: not judged (too few)."
    vouched = neutral.neutral(judge(outcome=ratio, on_word="; vouched for"), 0.001, 1)
    assert "grpo: equivalent within 10 %; vouched for. Relative cost" in vouched.sentence
    unfit = neutral.neutral(judge("no", steps=None, on_word="; vouched for"), 0.001, 1)
    assert unfit.sentence == "srpo against grpo: not judged (no)."
    more = neutral.neutral(judge(outcome=ratio, own_doing="it starves", first_look=8), 0.001, 1)
    assert ". it starves. 8 pairs had been looked at before seeds were added" in more.sentence


def test_runs_under_way_are_not_finished() -> None:
    waiting = judge("not yet", steps=None)
    waiting.comparison = comparison(run("grpo"), run("srpo", state="running"), run("x", 1))
    assert neutral.neutral(waiting, 0.5, 1).outcome == "not finished"
    waiting.comparison = comparison(run("grpo"), run("srpo"), run("x", 1, state="running"))
    assert neutral.neutral(waiting, 0.5, 1).outcome == "not judged"


def test_an_idea_that_is_switched_off_adds_nothing() -> None:
    by_method = {idea.method: idea for idea in ladder.LADDER}

    def added(idea: ladder.Idea, own: dict[str, Any], kind: ladder.Kind) -> list[str]:
        return ladder._added(idea, own, {}, kind)

    replay, resampled = by_method["srpo"], by_method[ladder.RESAMPLED]
    assert added(replay, {"replay_fraction": 0}, "rung") == []
    assert (
        added(replay, {"replay_fraction": 0.5}, "rung")
        == added(replay, {}, "rung")
        == ["reweighted replay"]
    )
    assert added(resampled, {"resample": False}, "rung") == []
    assert added(resampled, {"resample": False}, "control") == ["history resampling"]
    assert added(resampled, {}, "rung") == ["history resampling"]
    assert added(by_method["srpo-paper"], {"stages": "x"}, "rung") == ["two stages (x)"]
    assert added(by_method["srpo-paper"], {}, "control") == ["two stages"]
    loss = by_method["grpo-token"]
    assert added(loss, {"beta": 0.0}, "rung") == [ladder.LOSS]
    without = "SRPO's loss (token mean, overlong rule)"
    assert ladder._added(loss, {"beta": 0.0}, {"beta": 0.0}, "rung") == [without]


def test_settings_of_both_that_differ_are_named_but_for_the_ideas_own() -> None:
    also = ladder._also
    assert also({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "d": 4}, set()) == ("b",)
    assert also({"a": 1, "b": 2}, {"a": 2, "b": 3}, {"a"}) == ("b",)
    assert also({"optim.lr": 1}, {}, set()) == also({}, {"optim.lr": 1}, set()) == ("optim.lr",)


def test_an_arm_stands_for_its_method_by_name_before_the_first_of_its_kind() -> None:
    arms = [
        {"arm": "mine", "algorithm": "grpo"},
        {"arm": "grpo", "algorithm": "grpo"},
        {"arm": "later", "algorithm": "grpo"},
        {"arm": "h", "algorithm": "grpo-token", "sampler": "history"},
        {"arm": "paper", "algorithm": "srpo-paper"},
        {"arm": "gone", "algorithm": "dapo"},
        {"arm": "dapo2"},
    ]
    runs = [run(a["arm"]) for a in arms if a["arm"] != "gone"]
    found = ladder._arms(comparison(*runs, arms=arms))
    assert found == {"grpo": "grpo", "grpo-token+history": "h", "dapo2": "dapo2"}
    staged = {"algorithm_settings": {"stage_one_epochs": 2}}
    runs[4] = run("paper", manifest=staged)
    assert ladder._arms(comparison(*runs, arms=arms))["srpo-paper"] == "paper"
    runs[4] = run("paper", manifest=staged | {"at_rest": ["stage_one_epochs"]})
    assert "srpo-paper" not in ladder._arms(comparison(*runs, arms=arms))


def test_claims_are_about_methods_samplers_and_bases() -> None:
    arms = [{"arm": "grpo"}, {"arm": "srpo"}, {"arm": "s", "algorithm": "x", "sampler": "DPS"}]
    runs = [run(a["arm"], manifest={"base": {"path": "/models/Qwen2.5-32B"}}) for a in arms]
    one = Judge(comparison(*runs, arms=arms), "srpo", "grpo")
    assert one.is_about(claim())
    assert one.is_about(claim(algorithm=["srpo", "y"], baseline="grpo"))
    assert not one.is_about(claim(algorithm=["dapo"]))
    assert not one.is_about(claim(baseline="dapo"))
    scores = {"kind": "superiority", "tasks": ["a"], "comparator": "z"}
    assert one.is_about(claim(baseline="dapo", test=scores))
    assert Judge(comparison(*runs, arms=arms), "s", "grpo").is_about(claim(algorithm=["dps"]))
    imported = comparison(run("grpo"), run("grpo-token+DPS"))  # an arm's name alone
    assert imported.samplers == {"grpo-token+DPS": "DPS"}
    assert Judge(imported, "grpo-token+DPS", "grpo").is_about(claim(algorithm=["dps"]))
    assert one._wrong_base(claim()) == one._wrong_base(claim(base="qwen2.5-32b")) == ""
    assert one._wrong_base(claim(base="Llama")) == (
        "the claim speaks of Llama; these runs start from Qwen2.5-32B"
    )
    bare = Judge(comparison(run("grpo"), run("srpo")), "srpo", "grpo")
    assert bare._wrong_base(claim(base="Llama")).endswith("start from an unknown model")
    assert Judge(comparison(vouched_matched=True), "a", "b").vouched
    assert Judge(comparison(), "a", "b", vouched=True).vouched
    assert not Judge(comparison(), "a", "b").vouched
