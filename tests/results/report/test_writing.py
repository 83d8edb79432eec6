"""Which files a report is, and in which order they come into their places."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from srpo_bench.results import dataframes, report
from srpo_bench.results.report import page
from srpo_bench.results.report.figures import write
from srpo_bench.results.report.tables import make
from srpo_bench.results.report.tables.table import Table


def table(name: str, *rows: tuple[str, ...]) -> Table:
    return Table(name, "", ("x", "y"), rows)


def test_data_tables_pages_and_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = [table("costs", ("a", "b")), table("verdicts", ("c", "d")), table("arms")]
    rendered: list[Any] = []

    def render(*given: Any) -> tuple[str, str]:
        rendered.extend(given)
        return "the page", "the Markdown"

    monkeypatch.setattr(make, "everything", lambda _: tables)
    monkeypatch.setattr(page, "render", render)
    monkeypatch.setattr(write, "write", lambda a, out: {"drawn in": out.name})
    frames = SimpleNamespace(
        runs=pd.DataFrame({"seed": [3]}), evals=pd.DataFrame({"step": [0, 10]})
    )
    monkeypatch.setattr(dataframes, "Frames", lambda _: frames)
    a: Any = SimpleNamespace(comparison=None)
    report._write(a, {"told": 1}, tmp_path, 5.0)
    assert rendered == [a, tables, {"drawn in": "figures"}, 5.0]
    files = {str(p.relative_to(tmp_path)): p for p in tmp_path.rglob("*") if p.is_file()}
    assert set(files) == {
        "index.html", "report.md", "summary.json", "data/runs.csv", "data/evals.csv",
        "tables/costs.csv", "tables/costs.tex", "tables/verdicts.csv",
    }  # fmt: skip
    assert files["index.html"].read_text() == "the page"
    assert files["report.md"].read_text() == "the Markdown"
    assert json.loads(files["summary.json"].read_text()) == {"told": 1}
    assert files["tables/costs.csv"].read_text().splitlines() == ["x,y", "a,b"]
    assert files["data/runs.csv"].read_text() == "seed\n3\n"
    assert files["data/evals.csv"].read_text() == "step\n0\n10\n"


def test_the_page_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    for name in ("index.html", "tables/b.csv", "a.md", "z.json"):
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_text(name)
    put, order = Path.replace, []

    def watched(self: Path, target: Path) -> Path:
        order.append(str(target.relative_to(old)))
        return put(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    report._replace(new, old)
    assert order == ["a.md", "tables/b.csv", "z.json", "index.html"]
    assert (old / "tables" / "b.csv").read_text() == "tables/b.csv"


def test_it_is_made_beside_its_place_and_a_summary_without_json_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename is atomic within a file system alone."""
    places: list[Path] = []
    monkeypatch.setattr(report, "_write", lambda a, told, out, reload: places.append(out))
    monkeypatch.setattr("srpo_bench.results.report.analysis.analyse", lambda *_: None)
    for told in ({"x": 1.0}, {"x": math.nan}):
        monkeypatch.setattr("srpo_bench.results.report.summary.summary", lambda _, t=told: t)
        if math.isfinite(told["x"]):
            assert report.write_report(tmp_path) == told
        else:
            with pytest.raises(ValueError, match="not JSON compliant"):
                report.write_report(tmp_path)
    (place,) = places
    assert place.parent == tmp_path
    assert place.name.startswith(".report-")
    assert list(tmp_path.iterdir()) == []
