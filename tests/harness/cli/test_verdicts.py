"""What ``bench verify`` and ``bench claims`` print, word for word."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.harness.cli import verdicts
from srpo_bench.results.judgement import neutral, verify
from srpo_bench.results.judgement.claim_verdict import ClaimVerdict
from tests.harness.cli.screen import bench, printed

STEPS = ClaimVerdict(
    id="steps-90", claim="90 % fewer", verdict="refuted", reason="above 0.1", measured="",
    ratio=0.87234, difference=None, interval=(0.8311, None), p=0.01, p_of="", n=8,
    baseline="grpo", challenger="srpo", sanity=[], scale="", target=0.75, standing="decides",
    confidence=0.95, own=True, here=True,
)  # fmt: skip
POINTS = replace(
    STEPS, id="ends-higher", verdict="supported", reason="é", ratio=None, difference=0.0123,
    interval=(-0.001, 0.0256), confidence=0.9, target=None,
)  # fmt: skip
NONE = replace(STEPS, ratio=None, interval=None, verdict="no-verdict", reason="too few")
OPEN = replace(STEPS, interval=None, standing="exploratory", target=0.5)


class Judge:
    def __init__(self, *found: ClaimVerdict) -> None:
        self.found = found

    def all(self, chosen: Any) -> list[ClaimVerdict]:
        assert chosen == "chosen"
        return list(self.found)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the judges say can be put in; what they were asked comes out behind it."""
    asked: list[Any] = [[]]

    def judges(*words: Any) -> list[Judge]:
        asked.append(words)
        return list(asked[0])

    def wanted(*words: Any) -> str:
        asked.append(words)
        return "chosen"

    monkeypatch.setattr(verify, "judges", judges)
    monkeypatch.setattr(verify, "wanted_claims", wanted)
    sentence = "srpo [takes] 3 fewer"
    pair = type("N", (), {"sentence": sentence})
    monkeypatch.setattr(neutral, "neutrals", lambda found: dict.fromkeys(range(len(found)), pair))
    return asked


def test_the_table_to_the_letter(
    judged: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged[0] = [Judge(STEPS, POINTS, NONE, OPEN)]
    bench(monkeypatch, "verify", "out")
    head, *rows = [line.split("  ") for line in printed(capsys)]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in [head, *rows]]
    assert cells == [
        ["claim", "measured here", "95 % interval", "verdict"],
        ["steps-90", "0.872", "0.831 to ∞", "refuted"],
        ["ends-higher", "+1.2 points", "-0.1 to +2.6 (90 %)", "supported"],
        ["steps-90", "–", "–", "no-verdict"],
        ["steps-90 at 50 %", "0.872", "–", "refuted"],
        [],
        ["steps-90, steps-90 at 50 %: above 0.1"],
        [],
        ["ends-higher: é"],
        [],
        ["steps-90: too few"],
        [],
        ["srpo [takes] 3 fewer"],
    ]
    assert judged[1:] == [((), ()), (Path("out"), None, None, False, ())]


def test_arms_are_named_where_several_were_judged(
    judged: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged[0] = [Judge(STEPS), Judge(replace(STEPS, challenger="dapo"))]
    bench(monkeypatch, "verify", "out")
    lines = printed(capsys)
    assert [line.split()[0] for line in lines[:3]] == ["arm", "srpo", "dapo"]
    reasons = [f"{arm}, steps-90: above 0.1" for arm in ("srpo", "dapo")]
    told = [*reasons, *["srpo [takes] 3 fewer"] * 2]
    assert lines[3:] == [line for sentence in told for line in ("", sentence)]


def test_claims_that_such_runs_cannot_judge_are_reasons_and_no_rows(
    judged: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = replace(STEPS, id="a", verdict="no-verdict", reason="about dapo", own=False)
    elsewhere = replace(foreign, id="b", reason="of another base", own=True, here=False)
    judged[0] = [Judge(STEPS, foreign, elsewhere)]
    bench(monkeypatch, "verify", "out")
    first = ["claim", "steps-90", "", "steps-90:", "", "a:", "", "b:"]
    assert [(line.split() or [""])[0] for line in printed(capsys)][: len(first)] == first
    judged[0] = [Judge(foreign)]
    bench(monkeypatch, "verify", "out")
    assert printed(capsys)[:2] == ["", "a: about dapo"]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([STEPS], 0),
        ([NONE], 3),
        ([OPEN], 3),
        ([NONE, OPEN], 3),
        ([OPEN, POINTS], 0),
        ([replace(STEPS, standing="named beforehand")], 0),
        ([], 3),
    ],
)
def test_only_a_verdict_at_a_target_that_was_fixed_counts(
    judged: list[Any], monkeypatch: pytest.MonkeyPatch, found: list[ClaimVerdict], code: int
) -> None:
    judged[0] = [Judge(*found)]
    assert bench(monkeypatch, "verify", "out") == code


def test_for_programs_and_every_word_is_handed_on(
    judged: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged[0] = [Judge(STEPS, POINTS)]
    words = ["--claim", "a", "--claim", "b", "--claims", "mine.yaml", "--baseline", "x"]
    words += ["--challenger", "y", "--vouch-matched", "--target", "0.5", "--json"]
    assert bench(monkeypatch, "verify", "out", *words) == 0
    text = capsys.readouterr().out
    assert json.loads(text) == json.loads(json.dumps([STEPS.to_dict(), POINTS.to_dict()]))
    assert '    "reason": "é"' in text
    assert judged[1:] == [
        (["a", "b"], [Path("mine.yaml")]),
        (Path("out"), "x", "y", True, [0.5]),
    ]


def test_the_shipped_claims_are_listed_and_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(monkeypatch, "claims") == 0
    head, *rows = printed(capsys)
    assert head.split("  ")[0] == "id"
    ids = {row.split()[0] for row in rows if row and not row.startswith(" ")}
    assert {"steps-90", "steps-tenth", "cost-90"} <= ids
    assert bench(monkeypatch, "claims", "show", "steps-90") == 0
    lines = printed(capsys)
    assert lines[0].startswith("steps-90: ")
    assert lines[1].startswith("By ")


def test_a_claim_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from srpo_bench.results.judgement import claims

    one = claims.Claim.model_validate(
        {
            "id": "mine", "claim": "Half", "made_by": "me", "where": "Here",
            "test": {"kind": "ratio", "axis": "steps", "threshold": 0.5}, "scale": "At 7 B.",
            "algorithm": ["srpo", "dapo"], "baseline": "grpo", "unit": "update",
        }
    )  # fmt: skip
    bare = one.model_copy(update={"algorithm": (), "unit": None, "scale": "", "id": "bare"})
    alone = one.model_copy(update={"baseline": None, "id": "alone"})
    asked: list[Any] = []

    def load(paths: list[Path]) -> list[claims.Claim]:
        asked.append(paths)
        return [one, bare, alone]

    monkeypatch.setattr(claims, "load", load)
    assert bench(monkeypatch, "claims", "show", "mine", "--claims", "mine.yaml") == 0
    assert printed(capsys) == [
        "mine: Half",
        "By me. Here.",
        "About srpo and dapo, against grpo.",
        "What it calls a step: update.",
        "At 7 B.",
    ]
    bench(monkeypatch, "claims", "show", "bare")
    assert printed(capsys) == ["bare: Half", "By me. Here.", ""]
    bench(monkeypatch, "claims", "show", "alone")
    assert printed(capsys)[2] == "About srpo and dapo."
    bench(monkeypatch, "claims", "--claims", "mine.yaml")
    rows = [line.split() for line in printed(capsys)]
    assert rows == [
        ["id", "claim", "made", "by", "where"],
        *[[name, "Half", "me", "Here"] for name in ("mine", "bare", "alone")],
    ]
    assert asked == [[Path("mine.yaml")], [], [], [Path("mine.yaml")]]


@pytest.mark.parametrize("words", [["show"], ["steps-90"], ["list", "x"], ["show", "a", "b"]])
def test_a_wrong_way_to_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert bench(monkeypatch, "claims", *words) == 2
    assert "say `bench claims`, or `bench claims show ID`" in capsys.readouterr().err


def test_numbers_of_both_kinds() -> None:
    assert verdicts._number(None, True) == "∞"
    assert verdicts._number(0.12345, False) == "0.123"
    assert verdicts._number(0.12345, True) == "+12.3"
    assert verdicts._number(1234.5, False) == "1234"  # was 1.23e+03
    assert verdicts._number(3.75e36, False) == "∞"


def test_a_bound_is_printed_as_one() -> None:
    """It read "0.872", as if it were an estimate."""
    assert verdicts._measured(replace(STEPS, bound="lower")) == ("≥ 0.872", "0.831 to ∞")
    least = replace(STEPS, bound="upper", interval=(0.0, 2.5))
    assert verdicts._measured(least) == ("≤ 0.872", "0 to 2.5")
    assert verdicts._measured(STEPS)[0] == "0.872"


def test_columns_fold_and_no_word_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    bench(monkeypatch, "claims", "show", first_published())
    out = capsys.readouterr().out
    assert "…" not in out
    assert "if" in out.split()


def first_published() -> str:
    from srpo_bench.results.judgement import claims

    return next(claim.id for claim in claims.load([]) if claim.published is not None)


def test_a_published_claims_arithmetic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from srpo_bench.results.judgement import claims

    name = first_published()
    published = claims.find(claims.load([]), name).published
    assert published is not None
    monkeypatch.setenv("COLUMNS", "300")
    bench(monkeypatch, "claims", "show", name)
    lines = printed(capsys)
    for said, ours, theirs in published.readings():
        cells = "  ".join(
            f"{a:,.0f} : {b:,.0f} = {a / b:.2g}" for a, b in zip(ours, theirs, strict=True)
        )
        assert any(line.split() == [*said.split(), *cells.split()] for line in lines)
    for one in (published.claimant, published.comparator):
        assert any(line.startswith(f"{one.who}: {one.steps:,.0f} steps; ") for line in lines)
    assert any(line.startswith("Unpublished: ") for line in lines)
