"""Verdicts that need not be made again: of programs proved to do the same every time."""

from __future__ import annotations

import ast
import builtins
import re
from collections import OrderedDict
from functools import lru_cache

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox.repeatable import repeatable
from srpo_bench.tasks.sandbox.worker import Program, Verdict

_MOST = 4096
"""Verdicts kept, the least recently asked for given up first."""
_LONGEST = 2000
"""Characters of a program worth keeping; all of them together hold some megabytes."""
_NODES = (
    *(ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign),
    *(ast.If, ast.IfExp, ast.While, ast.For, ast.Break, ast.Continue, ast.Pass, ast.Assert),
    *(ast.Expr, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.keyword),
    *(ast.Constant, ast.Name, ast.Load, ast.Store, ast.Subscript, ast.Slice, ast.Starred),
    *(
        ast.List,
        ast.Tuple,
        ast.ListComp,
        ast.GeneratorExp,
        ast.comprehension,
        ast.boolop,
        ast.operator,
        ast.unaryop,
    ),
    *(ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn),
)
"""What a program may be made of. No imports, attributes, sets, texts of objects, ``is`` or ``try``:
they lead to clocks, addresses, their order, or to what a limit did."""
_CALLED = frozenset(
    [
        "abs",
        "all",
        "any",
        "bin",
        "bool",
        "chr",
        "divmod",
        "enumerate",
        "float",
        "int",
        "len",
        "list",
        "max",
        "min",
        "ord",
        "pow",
        "range",
        "reversed",
        "round",
        "sorted",
        "sum",
        "tuple",
        "zip",
    ]
)
"""Built-ins it may call. None gives out a random number, an address or the time."""

_BUILTINS = frozenset(vars(builtins))
_SETS = re.compile(r"\b(frozen)?set\b")


class Memory:
    """Verdicts by program and tests. Bounded; the least recently asked for is given up first.

    Most programs are never met again, so what may be proved is proved when it is asked for.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Program, Verdict] = OrderedDict()
        self._proved: set[Program] = set()

    def verdict(self, program: Program) -> Verdict | None:
        """The verdict on a program that is remembered: it is proved that it would be the same."""
        kept = self._kept.get(program)
        if kept is None:
            return None
        if program not in self._proved and not _certain(program, kept):
            del self._kept[program]
            return None
        self._proved.add(program)
        self._kept.move_to_end(program)
        return kept

    def keep(self, program: Program, verdict: Verdict) -> None:
        """Remember a verdict that may be the same again."""
        if verdict.repeatable and len(program.code) <= _LONGEST:
            self._kept[program] = verdict
            if len(self._kept) > _MOST:
                self._proved.discard(self._kept.popitem(last=False)[0])


def _certain(program: Program, verdict: Verdict) -> bool:
    """Whether the verdict hangs on program and tests alone. A time-out never does, nor does an
    error that a limit may have caused."""
    if verdict.outcome is Outcome.UNPARSEABLE:
        return verdict.detail.startswith(("SyntaxError", "IndentationError", "TabError"))
    told_by_tests = verdict.outcome is Outcome.CORRECT or verdict.detail == "a test failed"
    return (
        told_by_tests
        and settled(program.code)
        and repeatable(program.tests)
        and not _holds_sets(program.tests)
    )


@lru_cache(maxsize=1024)  # many programs have the same tests
def _holds_sets(tests: str) -> bool:
    """Whether a set may reach the program, where it has an order: that of None and of functions is
    that of their addresses."""
    return bool(_SETS.search(tests)) or any(
        isinstance(node, ast.Set | ast.SetComp) for node in ast.walk(ast.parse(tests))
    )


def settled(code: str) -> bool:
    """Whether the syntax tree is made of such things only as read neither clock, randomness nor
    addresses. ``code`` has been compiled in a sandbox before: it is short, and parses."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names = _Names()
    return all(names.allow(node) for node in ast.walk(tree)) and names.agree()


class _Names:
    """What a walk from the root has met: it ends at the first thing that is not allowed, so most
    programs cost little. A function is called, and never a value: as one it has an address."""

    def __init__(self) -> None:
        self._functions: set[str] = set()
        self._called: set[str] = set()
        self._values: set[str] = set()
        self._callees: set[int] = set()

    def allow(self, node: ast.AST) -> bool:
        """Whether a node may stand in a program, whatever else does."""
        match node:
            case ast.Name(id=name) if id(node) in self._callees:
                self._called.add(name)
            case ast.Name(id=name) | ast.arg(arg=name):
                self._values.add(name)
                return name not in _BUILTINS
            case ast.Call(func=function):  # is met before what it calls
                self._callees.add(id(function))
                return isinstance(function, ast.Name)
            case ast.FunctionDef(decorator_list=decorators, name=name):
                self._functions.add(name)
                return not decorators and name not in _BUILTINS
            case ast.BinOp(op=ast.Mod(), right=right) | ast.AugAssign(op=ast.Mod(), value=right):
                return isinstance(right, ast.Constant)  # "%s" % f is the text of an object
        return isinstance(node, _NODES)

    def agree(self) -> bool:
        """Whether no name stands for a function and for something else."""
        return not self._values & self._functions and self._called <= self._functions | _CALLED
