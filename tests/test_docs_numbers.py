"""Every result that README and docs/ state is that of its file, or says that none is published."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.calibration import FAMILIES, Cell, cells, run
from scripts.blocks import TREE, written

SAID = "not published"
RULES = {
    "README.md": {
        *("srpo-bench", "The answer", "Before you start", "What others measured"),
        "What is compared, and how",
    },
    "answer.md": {"Controls", "Does the pool suffice?", "What a step is"},
    "architecture.md": {"Where do I change …"},
    "claim.md": {"What a claim is"},
    "config.md": {"rollout"},
    "data.md": {"In a notebook"},
    "evaluation.md": {"Through lm-eval", "Where we differ from them"},
    "from-trl.md": {"5. What fits where"},
    "gpu.md": {"On a GPU", "What is done about it"},
    "graders.md": {"Mathematics ()"},
    "import.md": {"Formats", "What is refused, what is counted"},
    "live.md": {"The page that follows the runs"},
    "models.md": {"What was tried"},
    "mutants.md": {"Mutants"},
    "parity.md": {"Number by number", "Where TRL, verl and the papers differ"},
    "reliability.md": {"A death is no verdict", "What a sandbox promises"},
    "scale.md": {"How it works", "A node that comes back from the dead"},
    "statistics.md": {
        *("Statistics", "The target", "The verdict", "What to keep in mind", "Further looks"),
        *("Calibration", "Judged once", "Extended until settled"),
    },
    "vllm.md": {"Install", "Two modes"},
}
"""Sections whose figures are settings, bounds, versions, examples or others' results."""

FIGURE = re.compile(
    r"(?<![\w.–-])(?:\d[\d,]*\.\d+|\d+ of \d+(?:,\d+)*|± ?\d|\d[\d,.]*(?= ?(?:%|‰|s\b|ms\b|seconds"
    r"|points|times|minutes|hours|[KMG]i?B\b|GFLOP)))"
)
"""A number as results are written: with decimals, a share, an error, a time, a size."""

TEXTS = {path.name: path.read_text() for path in (TREE / "README.md", *TREE.glob("docs/*.md"))}


def _sections(page: str) -> Iterator[tuple[str, str, list[str]]]:
    """(title, text, figures outside of blocks, code and links) of every section."""
    page = re.sub(r"<!-- from .*?<!-- end -->", "", page, flags=re.S)
    page = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|arXiv [\d.]+", "", page, flags=re.S)
    for section in re.split(r"(?m)^(?=#+ )", page):
        title = section.partition("\n")[0].lstrip("# ")
        yield title, section.replace("\n", " "), FIGURE.findall(section)


FOUND = {name: list(_sections(text)) for name, text in TEXTS.items()}


def _writers() -> Iterator[tuple[Path, str, Any]]:
    """(page, source, blocks) of every script that writes blocks."""
    for path in sorted((TREE / "scripts").glob("*.py")):
        module = importlib.import_module(f"scripts.{path.stem}")
        if hasattr(module, "BLOCKS"):
            page = getattr(module, "PAGE", None) or module.README
            yield page, getattr(module, "SOURCE", "results/published"), module.BLOCKS


def test_what_stands_between_marks_is_what_a_script_writes() -> None:
    made = set()
    for page, source, blocks in _writers():
        text = page.read_text(encoding="utf-8")
        assert written(text, blocks, source) == text, f"run the script in scripts/ of {page.name}"
        made |= {(page.name, f"{source}: {name}") for name in blocks}
    marks = {
        (name, mark)
        for name, text in TEXTS.items()
        for mark in re.findall(r"<!-- from (.*?) -->", text)
    }
    assert marks == made
    assert ("statistics.md", "calibration.jsonl: families") in marks


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_section_with_figures_of_its_own_says_that_they_are_not_published(name: str) -> None:
    intro = TEXTS[name].partition("\n## ")[0].replace("\n", " ")
    if "on this page" in intro and SAID in intro:
        return
    silent = {
        title: figures
        for title, text, figures in FOUND[name]
        if figures and title not in RULES.get(name, ()) and SAID not in text
    }
    assert silent == {}, f"{name}: let a script write them between marks, or say: {SAID}"


def test_where_a_published_report_is_named_figures_stand_between_marks_alone() -> None:
    typed = {
        (name, title)
        for name, found in FOUND.items()
        for title, text, figures in found
        if figures and re.search(r"results/published/\w", text)
    }
    assert typed == set()


def test_the_list_of_rules_has_no_section_that_is_none() -> None:
    titles = {name: {title for title, _, _ in found} for name, found in FOUND.items()}
    gone = [(name, rule) for name, rules in RULES.items() for rule in rules - titles[name]]
    assert gone == []


def test_every_cell_of_the_calibration_is_in_its_file_and_comes_out_as_it_did() -> None:
    kept = {
        line["cell"]: line for line in map(json.loads, (TREE / "docs/calibration.jsonl").open())
    }
    assert list(kept) == [cell.key for cell in cells(4000)]
    (family,) = (f for f in FAMILIES if f.name == "24 answers")
    small = Cell(family, 8, 0.12, 500)
    assert run(small) == kept[small.key]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# T\nIt took 1.38 times", ["1.38"]),
        ("# T\n17 % fewer, 3 of 1,000, ± 2", ["17", "3 of 1,000", "± 2"]),
        ("# T\n<!-- from x: y -->\n13 %\n<!-- end -->", []),
        ("# T\n`0.5`, [x](1.2.md), 8 pairs, arXiv 2501.12948", []),
        ("# T\nin 40 s, 8 MB and 5 minutes", ["40", "8", "5"]),
    ],
)
def test_figures_are_found(text: str, found: list[str]) -> None:
    assert [figure for _, _, figures in _sections(text) for figure in figures] == found
