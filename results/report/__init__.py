"""The report of a comparison: one page, Markdown, summary.json, tables and figures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_report(
    comparison_dir: Path, vouch_unmatched: bool = False, claim_files: Iterable[Path] = ()
) -> dict[str, Any]:
    """Read a comparison, write ``report/`` into it, and return the summary.

    Args:
        comparison_dir: finished, running or broken: whatever is there is shown.
        vouch_unmatched: the user vouches that the runs are matched; the first page says so.
        claim_files: the user's own claims, tested beside the shipped ones.

    Raises:
        ResultsError: there is no comparison, or a file of it cannot be read.
    """
    from results.analysis import analyse
    from results.claim import load
    from results.report import figures, page, tables
    from results.store import write_json
    from results.summary import summary

    a = analyse(comparison_dir, load(claim_files), vouch_unmatched)
    out = comparison_dir / "report"
    for folder in (out / "tables", out / "figures"):
        folder.mkdir(parents=True, exist_ok=True)
    made = tables.everything(a)
    for table in (t for t in made if t.rows):
        table.write_csv(out / "tables" / f"{table.name}.csv")
        if table.name in tables.LATEX:
            (out / "tables" / f"{table.name}.tex").write_text(table.latex(), encoding="utf-8")
    inline = figures.write(a, out / "figures")
    html, markdown = page.render(a, made, inline)
    (out / "index.html").write_text(html, encoding="utf-8")
    (out / "report.md").write_text(markdown, encoding="utf-8")
    told = summary(a)
    json.dumps(told, allow_nan=False)  # a NaN here would be no JSON
    write_json(out / "summary.json", told)
    return told
