"""docs/algorithms/ says what the code says."""

from __future__ import annotations

from scripts import method_pages


def test_the_pages_are_those_that_the_script_writes() -> None:
    found = {p.name: p.read_text(encoding="utf-8") for p in method_pages.FOLDER.glob("*.md")}
    assert found == method_pages.pages(), "run: python scripts/method_pages.py"
