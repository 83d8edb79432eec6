"""Other projects' tests of their math graders, row by row beside ours and plain math-verify.

``python -m benchmarks.graders FILE…`` reads test files of Math-Verify, lighteval, NeMo-Skills or
hendrycks/math from wherever they are. Files are parsed, never run: of pytest's ``parametrize``
lists the rows with a gold answer, another and a verdict, or the pairs whose verdict the test's own
body asserts; of unittest's methods the two texts that ``assertTrue`` or ``assertFalse`` is told.

Their texts are whole answers or bare ones. We are given the last box of each, else its last
formula, else all of it; math-verify gets both as they are. A row that we judge otherwise is no
fault by itself: the projects contradict each other. The ratio is the share on which we agree.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.equivalence import equivalent
from srpo_bench.tasks.grading import last_boxed

_FORMULA = re.compile(
    r"\$\$(.+?)\$\$|\\\[(.+?)\\\]|(?<![\\$])\$([^$\n]+)\$|\\\(([^\n]+?)\\\)", re.DOTALL
)
_GOLD, _ANSWER = ("gold", "target", "answer"), ("pred", "prediction", "output", "response")
_VERDICT = ("expected", "correct", "label")
_SHOWN = 60


@dataclass(frozen=True)
class Row:
    """Two texts, and whether their project calls them the same."""

    where: str
    gold: str
    answer: str
    same: bool


def rows(path: Path) -> Iterator[Row]:
    """Every row of a test file that can be read without running it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield from _parametrized(path, node)
            yield from _asserted(path, node)


def _parametrized(path: Path, test: ast.FunctionDef) -> Iterator[Row]:
    for call in test.decorator_list:
        if not isinstance(call, ast.Call) or len(call.args) != 2:
            continue
        names, table = _literal(call.args[0]), call.args[1]
        if not isinstance(names, str | list | tuple) or not isinstance(table, ast.List):
            continue
        columns = re.split(r"\s*,\s*", names) if isinstance(names, str) else list(names)
        for element in table.elts:
            values = _literal(element)
            if isinstance(values, tuple):
                yield from _row(f"{path.name}:{element.lineno}", columns, values, test)


def _row(
    where: str, columns: list[str], values: tuple[object, ...], test: ast.FunctionDef
) -> Iterator[Row]:
    if len(columns) == 1 and len(values) == 2:
        named = {"gold": values[0], "pred": values[1], "expected": _claims(test)}
    elif len(columns) == len(values):
        named = dict(zip(columns, values, strict=True))
    else:
        return
    gold, answer, same = (
        next((named[name] for name in names if name in named), None)
        for names in (_GOLD, _ANSWER, _VERDICT)
    )
    if gold is not None and answer is not None and isinstance(same, bool | int):
        yield Row(where, str(gold), str(answer), bool(same))


def _claims(test: ast.FunctionDef) -> bool | None:
    """What a test asserts of each of its pairs: ``assert … is True``, or ``is False``."""
    for node in ast.walk(test):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is):
            claim = _literal(node.comparators[0])
            if isinstance(claim, bool):
                return claim
    return None


def _asserted(path: Path, test: ast.FunctionDef) -> Iterator[Row]:
    texts: dict[str, object] = {}
    for node in test.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts[node.targets[0].id] = _literal(node.value)
        match node:
            case ast.Expr(
                ast.Call(
                    ast.Attribute(attr="assertTrue" | "assertFalse" as claim),
                    [ast.Call(args=[ast.Name(gold), ast.Name(answer)])],
                )
            ) if gold in texts and answer in texts:
                where = f"{path.name}:{node.lineno}"
                yield Row(where, str(texts[gold]), str(texts[answer]), claim == "assertTrue")


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        return None


def stated(text: str) -> str:
    """What a text answers: its last box, else its last formula, else all of it."""
    boxed = last_boxed(text)
    if boxed is not None:
        return boxed
    formulas = [next(filter(None, groups)) for groups in _FORMULA.findall(text)]
    return formulas[-1].strip() if formulas else text.strip()


def plainly(row: Row) -> bool:
    """math-verify's own verdict on the texts as they are."""
    from math_verify import parse, verify

    return bool(verify(parse(row.gold), parse(row.answer)))


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit("usage: python -m benchmarks.graders FILE…")
    try:
        graded = [row for name in sys.argv[1:] for row in rows(Path(name))]
    except (OSError, SyntaxError, ValueError) as error:
        raise SystemExit(f"Cannot read the tests: {error}") from error
    if not graded:
        raise SystemExit("No rows with two answers and a verdict in these files.")
    ours = equivalent([(stated(row.gold), stated(row.answer)) for row in graded])
    print("they  we  math-verify")
    agreed = verified = 0
    for row, outcome in zip(graded, ours, strict=True):
        we, plain = outcome is Outcome.CORRECT, plainly(row)
        agreed, verified = agreed + (we == row.same), verified + (plain == row.same)
        signs = "  ".join("=" if same else "≠" for same in (row.same, we, plain))
        mark = " " if we == row.same else "!"
        texts = " | ".join(repr(stated(text))[-_SHOWN:] for text in (row.gold, row.answer))
        print(f"{mark} {signs}  {row.where}: {texts} ({outcome})")
    print(f"{len(graded)} rows: we agree with {agreed}, plain math-verify with {verified}")
    print(f"ratio {agreed / len(graded):.4f}")


if __name__ == "__main__":
    main()
