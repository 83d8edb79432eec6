"""The rooms: no circle, no arrow that is not allowed, and a picture that is true."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import architecture
from scripts.architecture import TREE

GROUND = {"harness/ground", "results/ground", "tasks/ground", "algorithms/ground"}
METHODS = {"algorithms/open", "algorithms/samplers"}
ROLLOUTS = {"harness/engines", "harness/models", "harness/problems", *GROUND}

ALLOWED = {
    "algorithms/ground": set(),
    "algorithms/samplers": {"algorithms/ground"},
    "algorithms/open": {"algorithms/ground", "algorithms/samplers"},
    "tasks/ground": set(),
    "tasks/sandbox": {"tasks/ground"},
    "tasks/open": {"tasks/ground", "tasks/sandbox"},
    "tasks/micro": {"tasks/ground", "tasks/open", "tasks/sandbox"},
    "results/ground": set(),
    "results/statistics": {"results/ground"},
    "results/judgement": {"results/ground", "results/statistics"},
    "results/importers": {"results/ground"},
    "results/open": {"results/ground", "results/statistics"},
    "results/report": {"results/ground", "results/statistics", "results/judgement", "results/open"},
    "harness/ground": {"tasks/ground"},
    "harness/problems": {"harness/ground", "tasks/ground", "tasks/sandbox"},
    "harness/sinks": {"harness/ground", "results/ground"},
    "harness/models": {"tasks/micro", *GROUND},
    "harness/engines": {"harness/models", *GROUND},
    "harness/rollouts": {"tasks/sandbox", *ROLLOUTS},
    "harness/plugins": {"algorithms/open", *GROUND},
    "harness/planning": {
        "harness/rollouts",
        "harness/sinks",
        "harness/plugins",
        "algorithms/open",
        *ROLLOUTS,
    },
    "harness/running": {
        "harness/rollouts",
        "harness/sinks",
        "harness/plugins",
        *METHODS,
        *ROLLOUTS,
    },
    "harness/scoring": {"harness/plugins", "harness/rollouts", "results/statistics", *ROLLOUTS},
    "harness/executors": {"harness/planning", "harness/running", "harness/plugins", *GROUND},
    "harness/growing": {
        "harness/running",
        "harness/rollouts",
        "harness/models",
        "harness/problems",
        *GROUND,
    },
    "harness/tuning": {"harness/planning", "results/statistics", *GROUND},
}
"""Room -> rooms it may import. ``cli`` is the door: it may import any."""


@pytest.mark.parametrize("of", [architecture.imports, architecture.rooms])
def test_there_is_no_circle(of: Callable[[], architecture.Graph]) -> None:
    graph = of()
    assert not {node for node in graph if node in architecture.reach(graph, node)}


def test_every_arrow_is_allowed() -> None:
    graph = architecture.rooms()
    assert graph.keys() == {"harness/cli", *ALLOWED}
    surplus = {f"{a} -> {b}" for a in ALLOWED for b in graph[a] - ALLOWED[a]}
    assert not surplus


def test_the_picture_is_as_drawn_by_the_script() -> None:
    assert architecture.PAGE.read_text() == architecture.page(), (
        "run: python scripts/architecture.py"
    )


def test_rooms_are_imported_by_their_full_names_only() -> None:
    """A room imported by its bare name would be loaded a second time, or be somebody else's."""
    bare = []
    for name, path in architecture.modules().items():
        for node in ast.walk(ast.parse(path.read_text())):
            sources = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                sources = [node.module or ""]
            bare += [(name, s) for s in sources if s.split(".")[0] in architecture.TOP]
    assert not bare


PACKAGES = [p for p in architecture.modules().values() if p.name == "__init__.py"]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: path.parent.name)
def test_each_packages_first_line_says_what_may_be_in_it_and_what_may_not(path: Path) -> None:
    first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
    assert re.search(r"\b(no|not|nothing|neither|nowhere|never|only|outside)\b", first.lower())


def test_the_index_lists_every_page() -> None:
    docs = TREE / "docs"
    listed = set(re.findall(r"\]\(([^)#]+\.md)\)", (docs / "index.md").read_text()))
    assert listed == {*(p.name for p in docs.glob("*.md")), "algorithms/index.md"} - {"index.md"}


PAGES = [TREE / "README.md", TREE / "CONTRIBUTING.md", *sorted((TREE / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.S)
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", prose)
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {n: len(p.read_text().splitlines()) for n, p in architecture.modules().items()}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
    assert lengths["srpo_bench.harness.cli.app"] < 200  # the door: a line or two a command
