"""Will a program get the same verdict again? Randomness is seeded; clock and addresses are not.

Read from the syntax tree, with all doubt on one side: what is not known to be the same may differ.
An address shows where a thing that has one becomes text, and in the order of a set.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
import warnings
from dataclasses import dataclass

_LONGEST = 20_000
"""Characters of a program that is read; of a longer one nothing is known."""
_UNSETTLED = frozenset(
    [
        *("id", "hash", "object", "repr", "type", "super", "memoryview", "open", "input", "help"),
        *("breakpoint", "dir", "eval", "exec", "compile", "getattr", "globals", "locals", "vars"),
    ]
)
"""Built-ins that give out addresses or files, or lead to any name."""
_PLAIN = frozenset(
    [
        *("__future__", "bisect", "cmath", "collections", "copy", "decimal", "fractions", "math"),
        *("numbers", "re", "statistics", "typing"),
    ]
)
"""Modules without a clock, whose values show no address."""
_OTHERS = frozenset(
    [
        *("abc", "dataclasses", "enum", "functools", "heapq", "itertools", "operator", "random"),
        *("secrets", "string", "textwrap", "unicodedata"),
    ]
)
"""Modules without a clock."""
_CLOCKS = frozenset(sys.stdlib_module_names) - _PLAIN - _OTHERS
"""Modules that may have one, or lead to one: some are reached through the modules above."""
_ASKS = re.compile(r"\{[^}:]*\.")
"""A format such as ``{0.append}``, whose text is that of a method."""
_BUILTINS = frozenset(vars(builtins))
_TEXTS = frozenset(
    ["args", "ascii", "format", "format_map", "safe_substitute", "str", "substitute"]
)
_ITERATORS = frozenset(
    ["enumerate", "filter", "finditer", "iter", "map", "reversed", "scanner", "zip"]
)
_SETS = frozenset(["frozenset", "set"])
_SET_METHODS = frozenset(["add", "clear", "discard", "issubset", "issuperset", "remove", "update"])
_ORDERLESS = frozenset(["all", "any", "bool", "len", "max", "min", "sorted"])
_CONSUMERS = frozenset(
    [
        *(*_ITERATORS, *_SETS, *_ORDERLESS),
        *("Counter", "dict", "extend", "join", "list", "next", "sum", "tuple", "update"),
    ]
)
_CALLERS = frozenset(["filter", "isinstance", "map", "reduce"])
"""What takes a function or a type, and only calls it or compares with it."""


def repeatable(code: str) -> bool:
    """False where time, addresses or the order of threads may decide the verdict on a program."""
    if len(code) > _LONGEST:
        return False
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(code.removeprefix("\ufeff"))
    except SyntaxError:
        return True  # which it stays
    except (ValueError, RecursionError, MemoryError):
        return False
    return _Reading.of(tree).settled()


@dataclass(frozen=True)
class _Reading:
    parents: dict[ast.AST, ast.AST]
    """Of every node of the program but those that say of which type something is."""
    functions: frozenset[str]
    sets: frozenset[str]

    @staticmethod
    def of(tree: ast.Module) -> _Reading:
        parents: dict[ast.AST, ast.AST] = {}
        waiting: list[ast.AST] = [tree]
        for node in waiting:
            for name, value in ast.iter_fields(node):
                if name not in ("annotation", "returns"):
                    children = value if isinstance(value, list) else [value]
                    nodes = [child for child in children if isinstance(child, ast.AST)]
                    parents.update(dict.fromkeys(nodes, node))
                    waiting += nodes
        functions = {node.name for node in parents if isinstance(node, ast.FunctionDef)}
        assigned = [n for n in parents if isinstance(n, ast.Assign) and _is_set(n.value)]
        sets = {t.id for node in assigned for t in node.targets if isinstance(t, ast.Name)}
        return _Reading(parents, frozenset(functions), frozenset(sets))

    def settled(self) -> bool:
        nodes = self.parents
        if any(_leads_away(node) or self._shows_order(node) for node in nodes):
            return False
        return not (any(map(_makes_text, nodes)) and any(map(self._has_address, nodes)))

    def _shows_order(self, node: ast.AST) -> bool:
        """A set of which more is asked than what is in it."""
        parent = self.parents[node]
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in _SETS:
                return not (isinstance(parent, ast.Call) and parent.func is node)
            case ast.Name(id=name, ctx=ast.Load()) if name in self.sets:
                if isinstance(parent, ast.Assign):
                    return True  # by another name it is lost from sight
            case ast.Call(func=ast.Attribute(attr="keys" | "items")):
                return isinstance(parent, ast.BinOp)
            case _ if not _is_set(node):
                return False
        match parent:
            case ast.Assign(targets=[ast.Name()]) | ast.Compare():
                return False
            case ast.Attribute(attr=name):
                return name not in _SET_METHODS
            case ast.Call(keywords=[]):
                return not _given_to(node, parent, _ORDERLESS)
        return True

    def _has_address(self, node: ast.AST) -> bool:
        parent = self.parents[node]
        match node:
            case ast.ClassDef() | ast.Yield() | ast.YieldFrom() | ast.Await():
                return True
            case ast.Import() | ast.ImportFrom():
                return not _modules(node) <= _PLAIN
            case ast.GeneratorExp():
                return not self._consumed(node, parent)
            case ast.Call() if _called(node) in _ITERATORS:
                return not self._consumed(node, parent)
            case ast.Lambda():
                return not _only_called(node, parent)
            case ast.Name(id=name, ctx=ast.Load()) if name in self.functions | _BUILTINS:
                return not _only_called(node, parent)
            case ast.Attribute(value=ast.Name(id=name)) if name in _PLAIN:
                return False
            case ast.Attribute(value=ast.Constant(value=str(text)), attr="format"):
                return bool(_ASKS.search(text))
            case ast.Attribute(attr="format" | "format_map"):
                return True
            case ast.Attribute(ctx=ast.Load()):
                return not (isinstance(parent, ast.Call) and parent.func is node)
        return False

    def _consumed(self, node: ast.AST, parent: ast.AST) -> bool:
        """Whether nothing but the items of an iterator is left."""
        if isinstance(parent, ast.For | ast.comprehension):
            return parent.iter is node
        return isinstance(parent, ast.Starred) or _given_to(node, parent, _CONSUMERS)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _given_to(node: ast.AST, parent: ast.AST, functions: frozenset[str]) -> bool:
    return isinstance(parent, ast.Call) and node in parent.args and _called(parent) in functions


def _only_called(function: ast.AST, parent: ast.AST) -> bool:
    match parent:
        case ast.Call(func=called) if called is function:
            return True
        case ast.keyword(arg="key"):
            return True
    return _given_to(function, parent, _CALLERS)


def _is_set(node: ast.AST) -> bool:
    made = isinstance(node, ast.Call) and _called(node) in _SETS
    return made or isinstance(node, ast.Set | ast.SetComp)


def _modules(node: ast.Import | ast.ImportFrom) -> set[str]:
    names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {name.partition(".")[0] for name in names}


def _leads_away(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return not _modules(node) <= _PLAIN | _OTHERS
        case ast.alias(name=name, asname=str(other)) if other in _ORDERLESS:
            return True
        case ast.alias(name=name) | ast.Attribute(attr=name):
            return name in _CLOCKS or name.startswith("_")
        case ast.Name(id=name, ctx=ast.Load()):
            return name in _UNSETTLED or name.startswith("__")
        case ast.FunctionDef(name=name) | ast.Name(id=name) | ast.arg(arg=name):
            return name in _ORDERLESS  # it is not what it seems
    return False


def _makes_text(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.ExceptHandler(name=str()):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _TEXTS
        case ast.BinOp(op=ast.Mod(), right=right) | ast.AugAssign(op=ast.Mod(), value=right):
            return not isinstance(right, ast.Constant)
    return False
