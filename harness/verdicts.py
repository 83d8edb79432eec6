"""What ``bench verify`` and ``bench claims`` print."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table


def show_verdicts(
    folder: Path,
    claim_ids: list[str] | None,
    claims_file: Path | None,
    baseline: str | None,
    challenger: str | None,
    vouch_matched: bool,
    as_json: bool,
) -> bool:
    """Print a verdict a claim. Returns True when at least one claim got one."""
    from results.claims import verify

    verdicts = verify(
        folder,
        claim_ids or (),
        baseline,
        challenger,
        vouch_matched,
        [claims_file] if claims_file else (),
    )
    if as_json:
        print(json.dumps([v.to_dict() for v in verdicts], indent=2, ensure_ascii=False))
    else:
        several = len({v.challenger for v in verdicts}) > 1
        table = Table(box=None, pad_edge=False)
        first = ("arm",) if several else ()
        for column in (*first, "claim", "measured here", "95 % interval", "verdict", "why"):
            table.add_column(column, overflow="fold")
        for v in verdicts:
            ratio = "–" if v.ratio is None else f"{v.ratio:.3g}"
            interval = "–" if v.interval is None else f"{v.interval[0]:.3g} to {v.interval[1]:.3g}"
            arm = (v.challenger,) if several else ()
            table.add_row(*arm, v.id, ratio, interval, v.verdict, v.reason)
        Console().print(table)
    return any(v.verdict != "no-verdict" for v in verdicts)


def show_claims(claims_file: Path | None) -> None:
    """A line a claim."""
    from results.claim import load

    table = Table(box=None, pad_edge=False)
    for column in ("id", "claim", "made by", "where"):
        table.add_column(column, overflow="fold")
    for claim in load([claims_file] if claims_file else []):
        table.add_row(claim.id, claim.claim, claim.made_by, claim.where)
    Console().print(table)
