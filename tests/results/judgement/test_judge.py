"""From a finding to what is shown of it, and what is asked on the way, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.judgement import judge as module
from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from srpo_bench.results.judgement.claims import Claim
from srpo_bench.results.judgement.finding import Finding
from srpo_bench.results.judgement.judge import Judge
from srpo_bench.results.judgement.rules import Ruling
from srpo_bench.results.judgement.targets import Target
from srpo_bench.results.statistics.inference import Estimate
from tests.results.made import comparison, run

RATIO = {"kind": "ratio", "threshold": 0.1}
EARLY = {"kind": "noninferiority", "share": 0.25}
SCORES = {"kind": "equivalence", "tasks": ["a"], "comparator": "dapo", "margin": 0.1}
BETTER = {"kind": "superiority", "tasks": ["a"], "comparator": "dapo"}
FOUND = Finding(
    Ruling("inconclusive", "so it is"), ratio=Estimate(0.5, 0.4, 0.6, 9, "t"), p=0.03, p_of="that"
)


def claim(test: dict[str, Any], **changes: Any) -> Claim:
    told = {"id": "mine", "claim": "it", "made_by": "", "where": "", "test": test}
    return Claim.model_validate(told | changes)


def of(*arms: str, **plan: Any) -> Judge:
    runs = [run(arm, manifest={"base": {"path": "/models/Qwen2.5-0.5B"}}) for arm in arms]
    return Judge(comparison(*runs, **plan), "srpo", "grpo", vouched=True)


def told(
    monkeypatch: pytest.MonkeyPatch, finding: Finding, asked: Claim, *arms: str
) -> ClaimVerdict:
    judge = of("grpo", "srpo", *arms)
    monkeypatch.setattr(judge, "_test", lambda *_: finding)
    monkeypatch.setattr(judge, "_units", lambda *_: {})
    monkeypatch.setattr(judge, "_vouched_for", lambda claim, finding, proof: finding.ruling)
    return judge.verdict_on(asked)


def test_a_finding_is_shown_with_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, FOUND, claim(RATIO))
    assert (found.verdict, found.reason) == ("inconclusive", "so it is")
    assert (found.ratio, found.interval, found.difference) == (0.5, (0.4, 0.6), None)
    assert (found.p, found.p_of, found.n) == (0.03, "that", 9)
    assert (found.baseline, found.challenger, found.confidence) == ("grpo", "srpo", 0.95)
    assert (found.standing, found.own, found.here) == ("decides", True, True)


def test_a_finding_without_figures_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, Finding(Ruling("no-verdict", "why"), p_of="that"), claim(RATIO))
    assert (found.measured, found.ratio, found.interval) == ("not measured here", None, None)
    assert (found.p, found.p_of, found.n) == (None, "", 0)


def test_a_claim_that_names_its_comparator_is_shown_with_it_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = told(monkeypatch, FOUND, claim(SCORES), "dapo")
    assert (found.baseline, found.confidence) == ("dapo", 0.90)
    assert told(monkeypatch, FOUND, claim(SCORES)).baseline == "grpo"
    upper = claim(SCORES | {"comparator": "DAPO"})
    assert told(monkeypatch, FOUND, upper, "dapo").baseline == "dapo"
    assert told(monkeypatch, FOUND, claim(BETTER), "dapo").confidence == 0.95


def test_a_claim_about_another_base_or_method_is_not_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = told(monkeypatch, FOUND, claim(RATIO, base="Llama"))
    assert (base.verdict, base.own, base.here) == ("no-verdict", True, False)
    assert base.reason == "the claim speaks of Llama; these runs start from Qwen2.5-0.5B"
    method = told(monkeypatch, FOUND, claim(RATIO, algorithm=["dapo"]))
    assert (method.verdict, method.own, method.here) == ("no-verdict", False, False)


def test_claims_about_cost_are_judged_at_every_target(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = of("grpo", "srpo")
    first, second, third = (Target(level, "exploratory") for level in (0.5, 0.6, 0.7))
    judge.__dict__["targets"] = [first, second, third]
    monkeypatch.setattr(judge, "verdict_on", lambda claim, target=None: (claim.test.kind, target))
    assert judge.all([claim(RATIO), claim(BETTER)]) == [
        ("ratio", None), ("superiority", None), ("ratio", second), ("ratio", third),
    ]  # type: ignore[comparison-overlap]  # fmt: skip


def watched(monkeypatch: pytest.MonkeyPatch, **changes: str) -> list[dict[str, Any]]:
    """All that a verdict hangs on says nothing, but for what is named; how ``unseen`` is asked."""
    says = {"lacking": "", "own_doing": "", "no_target": "", "unseen": "", "looked": ""} | changes
    asked: list[dict[str, Any]] = []
    fed = SimpleNamespace(lacking=says["lacking"], own_doing=says["own_doing"])

    def unseen(_: Any, pair: Any, axis: str = "steps", share: float = 1.0) -> str:
        asked.append({"axis": axis, "share": share})
        return says["unseen"]

    pair = SimpleNamespace(
        n=9,
        target=0.7,
        axes={"steps": SimpleNamespace(ratio=FOUND.ratio, bound="lower", p_against=lambda _: 0.2)},
    )
    monkeypatch.setattr(Judge, "at", lambda *_: pair)
    monkeypatch.setattr(Judge, "contrast", pair)
    monkeypatch.setattr(Judge, "gain", None)
    monkeypatch.setattr(Judge, "starved_from", None)
    monkeypatch.setattr(Judge, "_headroom", lambda *_: None)
    monkeypatch.setattr(module, "starving", lambda *_: fed)
    monkeypatch.setattr(module, "no_target", lambda *_: says["no_target"])
    monkeypatch.setattr(module, "unseen", unseen)
    monkeypatch.setattr(module, "looked_before", lambda _: says["looked"])
    monkeypatch.setattr(module, "judge", lambda *_: Ruling("refuted", "it is slow"))
    return asked


@pytest.mark.parametrize(
    ("says", "ruling"),
    [
        ({}, Ruling("refuted", "it is slow")),
        ({"own_doing": "short"}, Ruling("refuted", "it is slow; short")),
        ({"looked": "a look"}, Ruling("refuted", "it is slow; a look")),
        ({"own_doing": "a", "looked": "b"}, Ruling("refuted", "it is slow; a; b")),
        ({"lacking": "void", "looked": "a look"}, Ruling("no-verdict", "void")),
        ({"unseen": "unseen", "lacking": "void"}, Ruling("no-verdict", "unseen")),
        ({"no_target": "none", "unseen": "unseen"}, Ruling("no-verdict", "none")),
    ],
)  # fmt: skip
def test_a_ratio_is_blocked_by_the_first_reason_or_told_with_what_stands_beside_it(
    monkeypatch: pytest.MonkeyPatch, says: dict[str, str], ruling: Ruling
) -> None:
    asked = watched(monkeypatch, **says)
    found = of("grpo", "srpo")._ratio("steps", 0.25, None)
    assert found.ruling == ruling
    assert (found.p, found.target) == (0.2, 0.7)
    assert asked == ([] if "no_target" in says else [{"axis": "steps", "share": 0.25}])


def test_only_a_target_named_afterwards_is_said_to_be_exploratory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched(monkeypatch)
    judge = of("grpo", "srpo")
    for standing, more in (
        ("decides", ""),
        ("named beforehand", ""),
        ("exploratory", "; exploratory: this target was named after the runs were made"),
    ):
        target = Target(0.7, standing)  # type: ignore[arg-type]
        assert judge._ratio("steps", 0.1, target).ruling.reason == f"it is slow{more}"


def test_accuracy_at_a_share_is_read_where_the_share_leaves_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = watched(monkeypatch)
    monkeypatch.setattr(
        module.accuracy,
        "test",
        lambda *words: Finding(Ruling("inconclusive", f"blocked: {words[-1]}")),
    )
    found = of("grpo", "srpo")._test(claim(EARLY), None)
    assert found.ruling.reason == "blocked: "
    assert asked == [{"axis": "steps", "share": 0.25}]


def test_units_are_told_of_claims_about_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    watched(monkeypatch)
    judge = of("grpo", "srpo")
    assert judge._units(claim(RATIO), None, Ruling("refuted", ""))
    assert judge._units(claim(RATIO | {"axis": "tokens"}), None, Ruling("refuted", "")) == {}
    assert judge._units(claim(BETTER), None, Ruling("refuted", "")) == {}
