"""Every number that README states of the published comparisons is that of their summary.json."""

from __future__ import annotations

import pytest

from scripts import blocks, readme

TEXT = readme.README.read_text(encoding="utf-8")


def test_the_blocks_are_what_the_summaries_say() -> None:
    assert blocks.written(TEXT, readme.BLOCKS) == TEXT, "run: python scripts/readme.py"


def test_the_section_of_results_states_no_number_of_its_own() -> None:
    section = TEXT.partition("\n## What came out\n")[2].partition("\n## ")[0]
    assert "summary.json" in section
    assert blocks.numbers_outside(section, readme.BLOCKS) == []
    assert "steps-90" in TEXT.partition("\n## The answer\n")[2].partition("![")[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It took 1.38 times", ["1.38"]),
        ("<!-- from summary.json: answer -->\n13 % fewer\n<!-- end --> and 8 pairs", ["8"]),
        ("`lr 2e-4`, [a page](docs/8.md), steps-90, micro-gsm8k", []),
    ],
)
def test_numbers_outside_are_found(text: str, found: list[str]) -> None:
    assert blocks.numbers_outside(text, readme.BLOCKS) == found


def test_a_ratio_is_said_in_the_claims_unit() -> None:
    assert blocks.fewer(0.872) == "13 % fewer"
    assert blocks.fewer(1.383) == "38 % more"
    assert blocks.fewer(0.058) == "94 % fewer"


def test_an_interval_is_said_from_its_smaller_number_on_and_across_one_in_both_words() -> None:
    assert blocks.between([0.831, 0.911]) == "9 to 17 % fewer"
    assert blocks.between([1.52, 1.67]) == "52 to 67 % more"
    assert blocks.between([0.88, 1.01]) == "12 % fewer to 1 % more"
    assert blocks.between([0.83, None]) == "17 % fewer at best, no upper end"
    assert blocks.between(None) == "no interval"
