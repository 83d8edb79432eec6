"""Every result that README and docs/ state is that of its file, or says that none is published."""

from __future__ import annotations

import json
import re

import pytest

from benchmarks.calibration import FAMILIES, Cell, cells, run
from scripts import numbers

RULES = {
    "README.md": {
        *("srpo-bench", "The answer", "Before you start", "What others measured"),
        "What is compared, and how",
    },
    "answer.md": {"Controls", "What a step is"},
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

SAID = "not published"
TEXTS = {p.name: p.read_text() for p in (numbers.TREE / "README.md", *numbers.DOCS.glob("*.md"))}
PAGES = sorted(TEXTS)
FOUND = {name: list(numbers.figures(text)) for name, text in TEXTS.items()}


@pytest.mark.parametrize("name", numbers.PAGES)
def test_the_blocks_are_what_the_files_say(name: str) -> None:
    text = (numbers.DOCS / name).read_text(encoding="utf-8")
    assert numbers.written(text, numbers.PAGES[name]) == text, "run: python scripts/numbers.py"


@pytest.mark.parametrize("name", PAGES)
def test_a_section_with_figures_is_held_or_says_that_they_are_not_published(name: str) -> None:
    intro = TEXTS[name].partition("\n## ")[0]
    if "on this page" in intro and SAID in intro.replace("\n", " "):
        return
    silent = {
        title: figures
        for title, text, figures in FOUND[name]
        if title not in RULES.get(name, ()) and SAID not in text.replace("\n", " ")
    }
    assert silent == {}, f"{name}: write it in a block of scripts/numbers.py, or say: {SAID}"


def test_the_list_of_rules_has_no_section_that_is_none() -> None:
    there = {name: {title for title, _, _ in found} for name, found in FOUND.items()}
    assert {n: titles - there.get(n, set()) for n, titles in RULES.items()} == {
        name: set() for name in RULES
    }


def test_where_a_published_report_is_named_figures_stand_in_blocks_alone() -> None:
    typed = {
        (name, title)
        for name, found in FOUND.items()
        for title, text, _ in found
        if re.search(r"results/published/\w", text)
    }
    assert typed == set()


def test_every_cell_of_the_calibration_is_in_its_file_and_comes_out_as_it_did() -> None:
    kept = {line["cell"]: line for line in map(json.loads, numbers.CALIBRATION.open())}
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
    assert [figure for _, _, figures in numbers.figures(text) for figure in figures] == found
