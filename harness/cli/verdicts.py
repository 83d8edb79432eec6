"""What ``bench verify`` and ``bench claims`` print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srpo_bench.harness.cli.tables import console, plain
from srpo_bench.results.text import FAR, number, signed

if TYPE_CHECKING:
    from srpo_bench.results.judgement.claim_verdict import ClaimVerdict


def show_verdicts(
    folder: Path,
    claim_ids: list[str] | None,
    claims_file: Path | None,
    baseline: str | None,
    challenger: str | None,
    vouched: bool,
    as_json: bool,
    exploratory: Sequence[float] = (),
) -> bool:
    """Print a verdict a claim that such runs can judge, and every reason. Returns True when at
    least one claim got one at a target that was fixed beforehand; a target that is named now, an
    ``exploratory`` one, decides nothing."""
    from srpo_bench.results.judgement.neutral import neutrals
    from srpo_bench.results.judgement.verify import judges, wanted_claims

    chosen = wanted_claims(claim_ids or (), [claims_file] if claims_file else ())
    pairs = judges(folder, baseline, challenger, vouched, exploratory)
    verdicts = [verdict for judge in pairs for verdict in judge.all(chosen)]
    if as_json:
        print(json.dumps([v.to_dict() for v in verdicts], indent=2, ensure_ascii=False))
    else:
        several = len({v.challenger for v in verdicts}) > 1
        columns = ("claim", "measured here", "95 % interval", "verdict")
        table = plain(*(("arm",) if several else ()), *columns, overflow="fold")
        judged = [v for v in verdicts if v.own and v.here]
        for v in judged:
            arm = (v.challenger,) if several else ()
            table.add_row(*arm, v.label, *_measured(v), v.verdict)
        screen = console()
        if judged:
            screen.print(table)
        shown = neutrals(pairs).values()  # what it shows, whatever has been claimed
        for sentence in [*_why(verdicts, several), *(pair.sentence for pair in shown)]:
            screen.print(f"\n{sentence}", highlight=False, markup=False)
    return any(v.verdict != "no-verdict" and v.standing != "exploratory" for v in verdicts)


def _why(verdicts: Sequence[ClaimVerdict], several: bool) -> list[str]:
    """Every reason once, with the claims that it is of: ``steps-90, cost-90: 4 seed pairs, …``."""
    of: dict[tuple[str, str], list[str]] = {}
    for v in verdicts:
        of.setdefault((v.challenger, v.reason), []).append(v.label)
    told = {key: ", ".join(labels) for key, labels in of.items()}
    return [
        f"{arm}, {claims}: {reason}" if several else f"{claims}: {reason}"
        for (arm, reason), claims in told.items()
    ]


def _measured(v: ClaimVerdict) -> tuple[str, str]:
    """What was measured and its interval: a ratio, or a difference in points."""
    points = v.ratio is None
    value = v.difference if points else v.ratio
    if value is None or v.interval is None:
        return "–" if value is None else _number(value, points), "–"
    low, high = (_number(x, points) for x in v.interval)
    level = "" if v.confidence == 0.95 else f" ({100 * v.confidence:.0f} %)"
    bound = {"lower": "≥ ", "upper": "≤ "}.get(v.bound or "", "")
    return bound + _number(value, points) + " points" * points, f"{low} to {high}{level}"


def _number(value: float | None, points: bool) -> str:
    if value is None or (value > FAR and not points):
        return "∞"
    return signed(value) if points else number(value)


def show_claim(wanted: str, claims_file: Path | None) -> None:
    """Everything about one claim, with the arithmetic of the numbers it rests on."""
    from srpo_bench.results.judgement.claims import find, load

    claim = find(load([claims_file] if claims_file else []), wanted)
    print(f"{claim.id}: {claim.claim}")
    print(f"By {claim.made_by}. {claim.where}.")
    if claim.algorithm:
        against = f", against {claim.baseline}" if claim.baseline else ""
        print(f"About {' and '.join(claim.algorithm)}{against}.")
    if claim.unit:
        print(f"What it calls a step: {claim.unit}.")
    for line in [*claim.sanity, claim.scale]:
        print(line)
    if claim.published is None:
        return
    published = claim.published
    table = plain("if", "rollout batches", "updates", "responses", overflow="fold")
    for name, ours, theirs in published.readings():
        pairs = zip(ours, theirs, strict=True)
        table.add_row(name, *(f"{a:,.0f} : {b:,.0f} = {a / b:.2g}" for a, b in pairs))
    console().print(table)
    for side in (published.claimant, published.comparator):
        print(f"{side.who}: {side.steps:,.0f} steps; {side.source}")
    print(f"Unpublished: {'; '.join(published.unpublished)}.")


def show_claims(claims_file: Path | None) -> None:
    """A line a claim."""
    from srpo_bench.results.judgement.claims import load

    table = plain("id", "claim", "made by", "where", overflow="fold")
    for claim in load([claims_file] if claims_file else []):
        table.add_row(claim.id, claim.claim, claim.made_by, claim.where)
    console().print(table)
