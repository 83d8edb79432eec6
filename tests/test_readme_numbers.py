"""Every number that README states of the published comparisons is that of their summary.json."""

from __future__ import annotations

import pytest

from scripts import blocks, readme

TEXT = readme.README.read_text(encoding="utf-8")


def test_the_blocks_are_what_the_summaries_say() -> None:
    assert blocks.written(TEXT, readme.BLOCKS) == TEXT, "run: python scripts/readme.py"


def test_the_section_of_results_states_no_number_of_its_own() -> None:
    section = TEXT.partition("\n## What came out\n")[2].partition("\n## ")[0]
    assert "results/published" in section
    assert blocks.numbers_outside(section, readme.BLOCKS) == []
    assert "steps-90" in TEXT.partition("\n## The answer\n")[2].partition("![")[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It took 1.38 times", ["1.38"]),
        ("<!-- from results/published: answer -->\n13 % fewer\n<!-- end --> and 8 pairs", ["8"]),
        ("`lr 2e-4`, [a page](docs/8.md), steps-90, micro-gsm8k", []),
    ],
)
def test_numbers_outside_are_found(text: str, found: list[str]) -> None:
    assert blocks.numbers_outside(text, readme.BLOCKS) == found


def test_a_change_is_said_in_the_claims_unit_with_its_interval() -> None:
    def told(ratio: float | None, *interval: float | None) -> str:
        return blocks.change({"ratio": ratio, "interval": interval or None})

    assert told(0.872, 0.831, 0.911) == "13 % fewer (9 to 17 % fewer)"
    assert told(1.002, 0.96, 1.05) == "0.2 % more (4 % fewer to 5 % more)"
    assert told(1.32, 0.83, None) == "32 % more (17 % fewer at best, with no upper end)"
    assert told(0.872) == "13 % fewer (no interval)"
    assert (told(None), blocks.change(None)) == ("not measured", "not measured")
