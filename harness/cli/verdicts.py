"""What ``bench verify`` and ``bench claims`` print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from srpo_bench.harness.cli.tables import plain
from srpo_bench.results.text import signed

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
    """Print a verdict a claim. Returns True when at least one claim got one at a target that was
    fixed beforehand; a target that is named now, an ``exploratory`` one, decides nothing."""
    from srpo_bench.results.judgement.neutral import neutrals
    from srpo_bench.results.judgement.verify import judges, wanted_claims

    chosen = wanted_claims(claim_ids or (), [claims_file] if claims_file else ())
    pairs = judges(folder, baseline, challenger, vouched, exploratory)
    verdicts = [verdict for judge in pairs for verdict in judge.all(chosen)]
    if as_json:
        print(json.dumps([v.to_dict() for v in verdicts], indent=2, ensure_ascii=False))
    else:
        several = len({v.challenger for v in verdicts}) > 1
        columns = ("claim", "measured here", "95 % interval", "verdict", "why")
        table = plain(*(("arm",) if several else ()), *columns, overflow="fold")
        for v in verdicts:
            arm = (v.challenger,) if several else ()
            table.add_row(*arm, v.label, *_measured(v), v.verdict, v.reason)
        console = Console()
        console.print(table)
        for pair in neutrals(pairs).values():  # what it shows, whatever has been claimed
            console.print(f"\n{pair.sentence}", highlight=False, markup=False)
    return any(v.verdict != "no-verdict" and v.standing != "exploratory" for v in verdicts)


def _measured(v: ClaimVerdict) -> tuple[str, str]:
    """What was measured and its interval: a ratio, or a difference in points."""
    points = v.ratio is None
    value = v.difference if points else v.ratio
    if value is None or v.interval is None:
        return "–" if value is None else _number(value, points), "–"
    low, high = (_number(x, points) for x in v.interval)
    level = "" if v.confidence == 0.95 else f" ({100 * v.confidence:.0f} %)"
    return _number(value, points) + " points" * points, f"{low} to {high}{level}"


def _number(value: float | None, points: bool) -> str:
    if value is None:
        return "∞"
    return signed(value) if points else f"{value:.3g}"


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
    Console().print(table)
    for side in (published.claimant, published.comparator):
        print(f"{side.who}: {side.steps:,.0f} steps; {side.source}")
    print(f"Unpublished: {'; '.join(published.unpublished)}.")


def show_claims(claims_file: Path | None) -> None:
    """A line a claim."""
    from srpo_bench.results.judgement.claims import load

    table = plain("id", "claim", "made by", "where", overflow="fold")
    for claim in load([claims_file] if claims_file else []):
        table.add_row(claim.id, claim.claim, claim.made_by, claim.where)
    Console().print(table)
