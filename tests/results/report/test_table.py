"""A table for papers: whatever a name holds, LaTeX reads it as text."""

from __future__ import annotations

from srpo_bench.results.report.tables.table import Table


def test_latex_reads_every_character_as_text() -> None:
    told = Table("t", "T", ("arm", "50 %"), ((r"$\foo$_{#}~^", "−1 ± 2 < 3 – 4 & 5"),)).latex()
    row = told.split("\\midrule\n")[1].split("\n")[0]
    assert row == (
        r"\$\textbackslash{}foo\$\_\{\#\}\~{}\^{} & "
        r"$-$1 $\pm$ 2 $<$ 3 -- 4 \& 5 \\"
    )
    assert r"arm & 50 \% \\" in told


def test_a_column_may_be_left_to_the_files() -> None:
    table = Table("t", "T", ("arm", "p", "ratio"), (), files_only=("p",))
    assert table.shown == [0, 2]
    assert "| arm | p | ratio |" in table.markdown()
