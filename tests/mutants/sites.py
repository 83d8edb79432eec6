"""Where a source file can be made wrong, and how: one small change of its syntax tree at a time.

Wording is left alone: strings, f-strings, annotations, and what an exception says.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

SWAPS: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
PROSE = ("description", "help", "summary", "name")
"""Keyword arguments that hold wording."""
GUARDS = ("strict", "encoding", "highlight", "indent", "invalid", "divide", "over")
"""Keyword arguments without which no result changes: ``zip`` checks that lengths are equal; UTF-8
is the encoding of the systems that the tests run on anyway; rich colours numbers on a terminal;
JSON reads the same without its indent; numpy warns of the not-a-numbers that are dealt with behind
it. Nor does their value matter: a check that is switched off is one that is not there."""


@dataclass(frozen=True)
class Site:
    """One possible change.

    lines: of the statement it is in, as a tracer sees them.   function: the lines of the function
    around it; none where it is run at import.   apply: changes the tree it was found in.
    """

    what: str
    lines: range
    function: range | None
    apply: Callable[[], None]


def sites(tree: ast.Module) -> list[Site]:
    """Every change of a tree, in a fixed order."""
    return list(_Finder(tree).found)


class _Finder(ast.NodeVisitor):
    """Walks a tree and remembers the statement and the function it is in."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: list[Site] = []
        self.lines = range(0)
        self.function: range | None = None
        self.visit(tree)

    def add(self, what: str, apply: Callable[[], None]) -> None:
        self.found.append(Site(what, self.lines, self.function, apply))

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.stmt):
            self.statement(node)
        elif not isinstance(node, ast.JoinedStr):
            self.expression(node)
            self.generic_visit(node)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise) or _is_typing(node):
            return
        before = self.lines, self.function
        self.lines = range(node.lineno, _header_end(node) + 1)
        if isinstance(node, ast.FunctionDef):
            for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
                self.visit(default)
            self.function = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for inner in node.body:
                self._delete(node, "body", inner)
                self.visit(inner)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.visit(node.value)
        else:
            self.expression(node)
            self.generic_visit(node)
        self.lines, self.function = before

    def generic_visit(self, node: ast.AST) -> None:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _guards(child):
                    self._delete(node, name, child)
                    self.visit(child)

    def _delete(self, parent: ast.AST, name: str, child: ast.AST) -> None:
        if name in ("body", "orelse", "finalbody") and _can_go(child):
            self.lines, before = range(child.lineno, (child.end_lineno or 0) + 1), self.lines  # type: ignore[attr-defined]
            block = getattr(parent, name)
            place = ast.copy_location(ast.Pass(), child)
            self.add(f"delete {_short(child)}", partial(_put, block, block.index(child), place))
            self.lines = before

    def expression(self, node: ast.AST) -> None:
        for what, apply in _changes(node):
            self.add(what, apply)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[], None]]]:
    text = _short(node)
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            new = SWAPS[type(op)]
            yield f"{new.__name__} in {text}", partial(_put, node.ops, i, new())
    elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        if type(node.op) in SWAPS and not _joins_text(node):
            new = SWAPS[type(node.op)]
            yield f"{new.__name__} in {text}", partial(setattr, node, "op", new())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield f"no {type(node.op).__name__} in {text}", partial(setattr, node, "op", ast.UAdd())
    elif isinstance(node, ast.If | ast.IfExp):
        negated = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        yield f"if not {_short(node.test)}", partial(setattr, node, "test", negated)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield (
            f"{_other(node.value)} for {text}",
            partial(setattr, node, "value", _other(node.value)),
        )
    elif isinstance(node, ast.Call) and not _is_record(node.func):
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in (*PROSE, *GUARDS):
                yield f"no {keyword.arg}= in {text}", partial(node.keywords.remove, keyword)


def _other(value: bool | float) -> bool | float:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value * 2 or 1.0


def _put(block: list[Any], index: int, new: ast.AST) -> None:
    block[index] = new


def _can_go(node: ast.AST) -> bool:
    """A statement whose absence is no name error: a call, a stored item, an early exit."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return all(isinstance(t, ast.Attribute | ast.Subscript) for t in node.targets)
    return isinstance(node, ast.AugAssign | ast.Continue | ast.Break | ast.Raise)


def _is_record(function: ast.expr) -> bool:
    """A record of ours by its bare name: it would not be made without one of its fields."""
    return isinstance(function, ast.Name) and function.id[:1].isupper()


def _guards(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg in GUARDS


def _joins_text(node: ast.AST) -> bool:
    parts = [getattr(node, name, None) for name in ("left", "right", "value")]
    return any(
        isinstance(p, ast.JoinedStr) or (isinstance(p, ast.Constant) and isinstance(p.value, str))
        for p in parts
    )


def _is_typing(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _header_end(node: ast.stmt) -> int:
    """Last line of a statement, or of what stands before the block it opens."""
    body = getattr(node, "body", None)
    return max(node.lineno, body[0].lineno - 1) if body else (node.end_lineno or node.lineno)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 70 else text[:67] + "…"
