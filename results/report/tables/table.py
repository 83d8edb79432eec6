"""A table of text, as CSV, Markdown and LaTeX."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """Text cells, ready to show. The first column names the row."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """A GitHub table."""
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in r) + " |" for r in lines)

    def write_csv(self, path: Path) -> None:
        """With a header line."""
        with path.open("w", encoding="utf-8", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(self.columns)
            writer.writerows(self.rows)

    def latex(self) -> str:
        """A booktabs table."""
        lines = [" & ".join(map(_tex, row)) + r" \\" for row in (self.columns, *self.rows)]
        body = [lines[0], r"\midrule", *lines[1:]]
        return "\n".join(
            [
                r"\begin{tabular}{l" + "r" * (len(self.columns) - 1) + "}",
                r"\toprule",
                *body,
                r"\bottomrule",
                r"\end{tabular}",
                "",
            ]
        )


def _tex(text: str) -> str:
    for plain, escaped in (("%", r"\%"), ("_", r"\_"), ("&", r"\&"), ("–", "--"), ("<", "$<$")):
        text = text.replace(plain, escaped)
    return text
