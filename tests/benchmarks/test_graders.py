"""Tests of other projects are read from their text, in the shapes in which they are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.graders import Row, main, rows, stated

TABLE = """
import pytest, their_grader
raise RuntimeError("never run")

@pytest.mark.parametrize("gold, pred,expected", [
    ("$9$", r"so \\boxed{9}", 1),
    ("9", f"{8}", True),
    ("9", "8", 0),
])
def test_table(gold, pred, expected):
    assert their_grader.same(gold, pred) == expected
"""
PAIRS = """
@pytest.mark.parametrize("output_pair", [(5, 5.0), (5 / 2, "x"), ("odd", "even")], ids=str)
def test_pairs(output_pair):
    output = math_equal(output_pair[0], output_pair[1])
    assert output is False
"""
METHODS = """
class TestIsEquiv(unittest.TestCase):
    def test_half(self):
        test_in = "1/2"
        test_out = "0.5"
        self.assertTrue(is_equiv(test_in, test_out))

    def test_order(self):
        test_in, other = "1", "2"
        self.assertFalse(other)
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "test_theirs.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TABLE, [("$9$", "so \\boxed{9}", True), ("9", "8", False)]),
        (PAIRS, [("5", "5.0", False), ("odd", "even", False)]),
        (METHODS, [("1/2", "0.5", True)]),
        ("def test_nothing(): pass", []),
    ],
)
def test_rows(tmp_path: Path, text: str, expected: list[tuple[str, str, bool]]) -> None:
    found: list[Row] = list(rows(written(tmp_path, text)))
    assert [(row.gold, row.answer, row.same) for row in found] == expected
    assert all(row.where.startswith("test_theirs.py:") for row in found)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"$1$ or \boxed{2}, not $3$", "2"), ("$1$ and \\(2\\)", "2"), ("\\[\n3\n\\]", "3"),
        ("costs \\$4", "costs \\$4"), (" 5 ", "5"),
    ],
)  # fmt: skip
def test_what_a_text_answers(text: str, answer: str) -> None:
    assert stated(text) == answer


def test_agreement_is_printed_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, TABLE)
    monkeypatch.setattr("sys.argv", ["graders", str(path)])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("  =  =  =  test_theirs.py:6: ")
    assert lines[-2:] == ["2 rows: we agree with 2, plain math-verify with 2", "ratio 1.0000"]
    monkeypatch.setattr("sys.argv", ["graders", str(tmp_path / "missing.py")])
    with pytest.raises(SystemExit, match=r"Cannot read the tests: .*missing\.py"):
        main()
