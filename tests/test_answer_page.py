"""docs/answer.md's results are those of the published comparisons."""

from __future__ import annotations

from scripts import answer_page, blocks


def test_the_blocks_are_what_the_published_comparisons_say() -> None:
    text = answer_page.PAGE.read_text(encoding="utf-8")
    written = blocks.written(text, answer_page.BLOCKS)
    assert written == text, "run: python scripts/answer_page.py"
