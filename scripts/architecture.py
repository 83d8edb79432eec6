"""Draws the picture in docs/architecture.md from the imports. Run it when an arrow is new or gone.

A room is a package. The files that lie open beside packages are two more: those that import
packages, and the ground that packages import.
Imports inside functions count; those for the type checker alone and those of ``__main__`` do not.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TREE = Path(__file__).resolve().parents[1]
PAGE = TREE / "docs" / "architecture.md"
TOP = ("harness", "results", "tasks", "algorithms")
OPEN, CLOSE = "<!-- drawn by scripts/architecture.py -->\n", "<!-- end of the drawing -->"

Graph = dict[str, set[str]]


def modules() -> dict[str, Path]:
    """Dotted name -> file, without the doors that are commands."""
    names = {}
    for top in TOP:
        folder = (TREE / "srpo_bench" / top).resolve()
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[-1] != "__main__":
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                names[".".join(("srpo_bench", top, *parts))] = path
    return names


@cache
def imports() -> Graph:
    """Module -> modules of ours that it imports."""
    ours = modules()
    return {
        name: {
            target if target in ours else target.rpartition(".")[0]
            for target in _targets(ast.parse(path.read_text(encoding="utf-8")), name, path)
            if target in ours or target.rpartition(".")[0] in ours
        }
        - {name}
        for name, path in ours.items()
    }


def _targets(node: ast.AST, name: str, path: Path) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            up = child.level - (path.name == "__init__.py")
            here = name.split(".")[: -up or None] if child.level else []
            source = ".".join([*here, *([child.module] if child.module else [])])
            yield from (f"{source}.{alias.name}" for alias in child.names)
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield from _targets(child, name, path)


@cache
def rooms() -> Graph:
    """Room -> rooms that its files import."""
    files = imports()
    home = {name: _room(name, files) for name in files}
    graph: Graph = {name: set() for name in home.values()}
    for name, targets in files.items():
        graph[home[name]] |= {home[target] for target in targets} - {home[name]}
    return graph


def _room(module: str, files: Graph) -> str:
    """``harness/cli`` for what lies in that package; open files rest on packages or are the ground
    that packages rest on."""
    if package := _package(module):
        return package
    top = module.split(".")[1]
    below = {_package(target) for target in reach(files, module)}
    return f"{top}/open" if any(p.startswith(f"{top}/") for p in below) else f"{top}/ground"


def _package(module: str) -> str:
    """Empty for an open file."""
    _, top, *rest = module.split(".")
    inside = rest and (TREE / "srpo_bench" / top / rest[0]).is_dir()
    return f"{top}/{rest[0]}" if inside else ""


def reach(graph: Graph, start: str) -> set[str]:
    """Everything that can be got to from ``start``; itself only by a circle."""
    seen: set[str] = set()
    todo = list(graph[start])
    while todo:
        if (node := todo.pop()) not in seen:
            seen.add(node)
            todo += graph[node]
    return seen


def drawing() -> str:
    """Mermaid. An arrow that follows from two others is left out."""
    graph = rooms()
    lines = ["```mermaid", "flowchart TD"]
    for top in TOP:
        lines.append(f"  subgraph {top}")
        mine = sorted(node for node in graph if node.split("/")[0] == top)
        lines += [f'    {_id(node)}["{_label(node)}"]' for node in mine]
        lines.append("  end")
    for node in sorted(graph):
        far = {n for target in graph[node] for n in reach(graph, target)}
        lines += [f"  {_id(node)} --> {_id(target)}" for target in sorted(graph[node] - far)]
    return "\n".join([*lines, "```", ""])


def _id(node: str) -> str:
    return node.replace("/", "_")


def _label(node: str) -> str:
    """A package's name, or the names of open files."""
    if node == "algorithms/ground":
        return "one file a method"
    files = imports()
    if node.split("/")[1] not in ("open", "ground"):
        return node.split("/")[1]
    names = (name.split(".")[-1] for name in files if _room(name, files) == node)
    text = ", ".join(n for n in names if n != node.split("/")[0])
    return "<br>".join(textwrap.wrap(text, 40))


def page() -> str:
    """The page with the picture as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(OPEN)
    return before + OPEN + drawing() + CLOSE + rest.partition(CLOSE)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
