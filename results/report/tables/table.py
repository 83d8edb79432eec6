"""A table of text, as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from srpo_bench.results.statistics.inference import Estimate


@dataclass(frozen=True)
class Table:
    """Text cells, ready to show. The first column names the row."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    files_only: tuple[str, ...] = ()
    """Columns that the page leaves out."""
    marks: tuple[tuple[tuple[str, Estimate], ...], ...] = ()
    """A row's (arm, estimate), for the page to draw beside its numbers; empty: none."""
    beside: str = ""
    """The column that they stand beside; empty: the last one."""
    ratios: bool = True
    """Are the marks ratios of cost? Else shares."""

    @property
    def shown(self) -> list[int]:
        """Places of the columns that the page has."""
        return [i for i, c in enumerate(self.columns) if c not in self.files_only]

    def markdown(self) -> str:
        """A GitHub table."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in r) + " |" for r in lines)

    def write_csv(self, path: Path) -> None:
        """Write it with a header line."""
        with path.open("w", encoding="utf-8", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(self.columns)
            writer.writerows(self.rows)

    def latex(self) -> str:
        """A booktabs table, no wider than the text (booktabs, adjustbox)."""
        lines = [" & ".join(map(_tex, row)) + r" \\" for row in (self.columns, *self.rows)]
        body = [lines[0], r"\midrule", *lines[1:]]
        return "\n".join(
            [
                r"% \usepackage{booktabs,adjustbox}",
                r"\begin{adjustbox}{max width=\linewidth}",
                r"\begin{tabular}{l" + "r" * (len(self.columns) - 1) + "}",
                r"\toprule",
                *body,
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{adjustbox}",
                "",
            ]
        )


TEX = {
    **{c: f"\\{c}" for c in "%_&#${}"},
    **{"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}", "<": "$<$", ">": "$>$", "|": "$|$"},
    **{"–": "--", "−": "$-$", "±": r"$\pm$", "×": r"$\times$", "≤": r"$\leq$", "‖": r"$\|$"},
    **{"Δ": r"$\Delta$", "τ": r"$\tau$", "…": r"\dots{}", "’": "'", "²": "$^2$"},
}
"""What LaTeX reads as something else, or not at all with its usual fonts."""


def _tex(text: str) -> str:
    return "".join(TEX.get(c, c) for c in text)
