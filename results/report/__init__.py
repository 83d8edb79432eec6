"""One page, Markdown, summary.json, tables, figures. Nothing is measured or judged here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from srpo_bench.results.report.analysis import Analysis


def write_report(
    comparison_dir: Path,
    vouched: bool = False,
    claim_files: Iterable[Path] = (),
    reload: float | None = None,
    exploratory: Sequence[float] = (),
) -> dict[str, Any]:
    """Read a comparison, write ``report/`` into it, and return the summary.

    Args:
        comparison_dir: finished, running or broken: whatever is there is shown.
        vouched: the user vouches that the runs are matched; the first page says so.
        claim_files: the user's own claims, tested beside the shipped ones.
        reload: seconds after which the page loads itself anew, as long as runs are under way.
        exploratory: accuracies to reach that are named now; shown as exploratory.

    Raises:
        ResultsError: there is no comparison, or a file of it cannot be read.
    """
    from srpo_bench.results.judgement.claims import load
    from srpo_bench.results.report.analysis import analyse
    from srpo_bench.results.report.summary import summary
    from srpo_bench.results.scratch import scratch_folder

    a = analyse(comparison_dir, load(claim_files), vouched, exploratory)
    record = summary(a)
    json.dumps(record, allow_nan=False)  # a NaN here would be no JSON
    with scratch_folder(".report-", comparison_dir) as staging:
        _write(a, record, staging, reload)
        _replace(staging, comparison_dir / "report")
    return record


def _write(a: Analysis, record: dict[str, Any], out: Path, reload: float | None) -> None:
    from srpo_bench.results.dataframes import Frames
    from srpo_bench.results.report import page
    from srpo_bench.results.report.figures import write as figures
    from srpo_bench.results.report.tables import make as tables
    from srpo_bench.results.store import write_json

    for folder in ("tables", "figures", "data"):
        (out / folder).mkdir()
    frames = Frames(a.comparison)
    frames.runs.to_csv(out / "data" / "runs.csv", index=False)
    frames.evals.to_csv(out / "data" / "evals.csv", index=False)
    made = tables.everything(a)
    for table in (t for t in made if t.rows):
        table.write_csv(out / "tables" / f"{table.name}.csv")
        if table.name in tables.LATEX:
            (out / "tables" / f"{table.name}.tex").write_text(table.latex(), encoding="utf-8")
    inline = figures.write(a, out / "figures")
    html, markdown = page.render(a, made, inline, reload)
    (out / "index.html").write_text(html, encoding="utf-8")
    (out / "report.md").write_text(markdown, encoding="utf-8")
    write_json(out / "summary.json", record)


def _replace(new: Path, old: Path) -> None:
    """Put files in the place of older ones, each in one atomic rename: a reader sees whole files.
    The page comes last, for it links to the others."""
    files = [path.relative_to(new) for path in new.rglob("*") if path.is_file()]
    for name in sorted(files, key=lambda name: (name.name == "index.html", name)):
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(old / name)
