"""The first screen's sentences, each from figures made by hand."""

from __future__ import annotations

from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import pytest

from srpo_bench.results.judgement.claims import Claim, Ratio
from srpo_bench.results.report import answer
from tests.results.made import run
from tests.results.report.test_by_hand import analysis


def headline(**more: str) -> answer.Headline:
    names = [field.name for field in fields(answer.Headline)]
    return answer.Headline(**dict.fromkeys(names, "") | more)


def test_an_answer_is_claimed_against_measured_or_the_title() -> None:
    given = {"title": "T", "claimed": "90 % fewer steps", "measured": "13 % fewer steps"}
    assert headline(**given).answer == "Claimed: 90 % fewer steps. Measured: 13 % fewer."
    for missing in ("claimed", "measured"):
        assert headline(**given | {missing: ""}).answer == "T"
    assert headline(**given, verdict="no-verdict").answer == "T"


def verdict(**more: Any) -> Any:
    given = {"id": "a", "own": True, "verdict": "refuted", "reason": "why", "units": {}}
    return SimpleNamespace(**given | more)


def claim(id: str = "a", *algorithms: str, test: Any = None) -> Any:
    return SimpleNamespace(
        id=id, algorithm=algorithms, test=test, needs="90 % fewer steps", claim="It is so.",
        made_by="them", where="a paper",
    )  # fmt: skip


def test_challengers_in_the_order_in_which_the_claim_names_them() -> None:
    runs = [run(arm, manifest={"algorithm": arm}) for arm in ("grpo", "A", "b", "c")]

    def own(headline: Any, **claims: Any) -> tuple[list[str], list[str], list[str]]:
        a = analysis(*runs, headline=headline, claims=claims)
        return answer.own(a), answer.leading(a), answer.judged(a)

    ours, others = [verdict()], [verdict(own=False)]
    named = claim("a", "b", "a")
    assert own(named, A=ours, b=ours, c=others) == (["b", "A"],) * 3
    assert own(claim("a", "z"), A=ours, b=ours) == (["A", "b"],) * 3
    assert own(claim("z", "a"), A=ours, b=others) == ([], ["A", "b"], ["A", "b"])
    more = [verdict(own=False), verdict(id="other")]
    assert own(named, A=ours, c=more, b=others) == (["A"], ["A"], ["A", "c"])
    assert own(None, A=ours)[0] == []


@pytest.mark.parametrize(
    ("threshold", "supported", "refuted"),
    [
        (0.1, "needed at least 90 % fewer steps", "did not need 90 % fewer steps"),
        (1.0, "needed fewer steps", "did not need fewer steps"),  # was: at least fewer
        (1.2, "needed at most 20 % more steps", "needed more than 20 % more steps"),
    ],
)
def test_a_title_of_a_claim_of_any_size(threshold: float, supported: str, refuted: str) -> None:
    test = Ratio(kind="ratio", threshold=threshold)
    of = Claim(id="a", claim="It is so.", made_by="x", where="y", test=test)
    a = analysis(run("grpo"), run("srpo"))
    told = [answer._title(a, "srpo", verdict, of) for verdict in ("supported", "refuted")]
    assert told == [f"srpo {words} than grpo" for words in (supported, refuted)]


def test_a_mail_says_it_all_once() -> None:
    def mail(plan: dict[str, Any], told: Any = None, **more: str) -> str:
        a = analysis(run("grpo"), plan=plan, headline=told)
        given = {"title": "T", "sentence": "S.", "cost": "C.", "means": "M."}
        return answer.mail(a, headline(**given | more))

    rest = "S. C. Runs: a model of unknown size; 1 run of 10 steps. What it means: M."
    claimed = "The claim: It is so. Made by: them. In: a paper."
    assert (
        mail({}, claim(), verdict="refuted", claimed="c")
        == f"T. {claimed} Verdict: refuted. {rest}"
    )
    assert mail({}, claim(), verdict="no-verdict", claimed="c") == f"T. {claimed} {rest}"
    assert mail({}, claim(), verdict="no-verdict") == f"T. Verdict: no-verdict. {rest}"
    assert mail({}, claim(), verdict="refuted") == f"T. Verdict: refuted. {rest}"
    assert mail({}, verdict="refuted", claimed="c") == f"T. Verdict: refuted. {rest}"
    command = {"command": "bench compare"}
    assert mail(command, verdict="v", title="S") == (
        f"Verdict: v. {rest} To reproduce: bench compare"
    )
    later = {"added": [{"command": "bench compare --algos b"}, {"arms": ["c"]}]}
    assert mail({**command, **later}, verdict="v", title="S").endswith(
        "To reproduce: bench compare; then bench compare --algos b"
    )


def test_a_claims_own_unit() -> None:
    unit = Ratio(kind="ratio", axis="tokens", threshold=0.1)
    a = analysis(wanted=[claim("x"), claim("a", test=unit)])

    def said(id: str = "a", **more: Any) -> str:
        return answer.of_claim(a, verdict(id=id, n=8, measured="m", **{"bound": None} | more))

    assert said(ratio=0.5, interval=None) == "50 % fewer tokens"
    assert said(ratio=0.5, interval=(0.4, 0.6)) == "50 % fewer tokens (40 to 60 % fewer)"
    assert said(ratio=0.5, interval=(0.4, None)).startswith("50 % fewer tokens (60 % fewer")
    assert said(ratio=0.5, interval=None, bound="upper") == "at least 50 % fewer tokens"
    assert said(ratio=0.5, interval=None, bound="lower") == "at most 50 % fewer tokens"
    assert said(ratio=None, interval=None) == said("x", ratio=0.5, interval=None) == "m"
